import { createHash, type Hash } from 'node:crypto';
import { HouseRefused } from '../app/house.ts';
import { Header, type HeaderField } from '../mail/header.ts';
import { omittedFields, type OmittedRange } from '../mail/omitted-ranges.ts';
import { systemClock } from '../net/clock.ts';
import { computedLetter, computedPieces } from '../policy/computed-letter.ts';
import type {
  AccountId,
  BlobHash,
  Delivery,
  Keywords,
  Mailbox,
  NewLetter,
  Spool,
  Store,
  Uid,
} from '../store/port.ts';
import { SourceNames, type ImportMemory, type SourceName } from './import-memory.ts';

/** What a source says of a letter beside its bytes. */
export type SourceFacts = { readonly receivedAt: number | null; readonly keywords: Keywords };

/** Where a source puts its letters: `begin`, `add` as often as there are bytes, `end`. */
export interface LetterSink {
  begin(facts: SourceFacts): void;
  /** The bytes are copied. */
  add(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** Above this a letter is spooled. */
const longestInMemory = 1024 * 1024;
const groupLetters = 256;
const groupBytes = 8 * 1024 * 1024;
const headBytes = 256 * 1024;

type Draft = {
  readonly facts: SourceFacts;
  readonly hash: Hash;
  chunks: Uint8Array<ArrayBuffer>[];
  /** The beginning, known when the letter is at its end, or spooled. */
  head: Uint8Array;
  sizeBytes: number;
  spool: Spool | null;
};

/** Takes the letters of a source into a mailbox, in groups of which each is one transaction; the next gathers meanwhile. */
export class LetterImport implements LetterSink {
  readonly #store: Store;
  readonly #account: AccountId;
  readonly #mailbox: Mailbox['id'];
  readonly #memory: ImportMemory;
  readonly #names = new SourceNames();
  #draft: Draft | null = null;
  #group: { readonly name: SourceName; readonly delivery: Delivery }[] = [];
  #groupBytes = 0;
  #underWay: Promise<void> = Promise.resolve();
  /** So many letters were taken in, and so many had been before. */
  imported = 0;
  known = 0;

  constructor(parts: {
    readonly store: Store;
    readonly account: AccountId;
    readonly mailbox: Mailbox['id'];
    readonly memory: ImportMemory;
  }) {
    this.#store = parts.store;
    this.#account = parts.account;
    this.#mailbox = parts.mailbox;
    this.#memory = parts.memory;
  }

  /** Finds out what became of the group that an import before this one was in the middle of. */
  async recall(): Promise<void> {
    const group = this.#memory.unsettled;
    if (group === null) return;
    const names = new Set(group.letters.map((name) => name.slice(0, name.indexOf(':'))));
    for (let from = group.uidNext; ;) {
      const query = { account: this.#account, mailbox: this.#mailbox, from, count: groupLetters };
      const placed = await this.#store.placed(query);
      const ids = placed.map(({ letter }) => letter);
      const letters = await this.#store.lettersById(this.#account, ids);
      const isThere = letters.some(({ hash }) => names.has(hash));
      if (isThere || placed.length < groupLetters) return this.#memory.settle(isThere ? 'done' : 'undone');
      from = ((placed.at(-1)?.uid ?? from) + 1) as Uid;
    }
  }

  begin(facts: SourceFacts): void {
    this.#draft = {
      facts,
      hash: createHash('sha256'),
      chunks: [],
      head: new Uint8Array(0),
      sizeBytes: 0,
      spool: null,
    };
  }

  async add(bytes: Uint8Array): Promise<void> {
    const draft = this.#draft;
    if (draft === null || bytes.length === 0) return;
    draft.hash.update(bytes);
    draft.sizeBytes += bytes.length;
    if (draft.spool === null) draft.chunks.push(new Uint8Array(bytes));
    else await draft.spool.write(bytes);
    if (draft.spool !== null || draft.sizeBytes <= longestInMemory) return;
    draft.spool = await this.#store.spool();
    for (const chunk of draft.chunks) await draft.spool.write(chunk);
    draft.head = headOf(draft.chunks);
    draft.chunks = [];
  }

  async end(): Promise<void> {
    const draft = this.#draft;
    this.#draft = null;
    if (draft === null) return;
    const name = this.#names.next(draft.hash.digest('hex') as BlobHash);
    if (this.#memory.has(name)) {
      this.known += 1;
      await draft.spool?.discard();
      return;
    }
    if (draft.spool === null) draft.head = headOf(draft.chunks);
    const delivery = await this.#delivery(draft, name.slice(0, 64) as BlobHash);
    this.#group.push({ name, delivery });
    this.#groupBytes += draft.spool === null ? draft.sizeBytes : longestInMemory;
    if (this.#group.length >= groupLetters || this.#groupBytes >= groupBytes) await this.#deliverGroup();
  }

  /** Waits until everything is on disk. */
  async finish(): Promise<void> {
    await this.#deliverGroup();
    await this.#underWay;
  }

  /** Gives up what is not delivered. */
  async abandon(): Promise<void> {
    await this.#draft?.spool?.discard();
    await this.#underWay.catch(() => {});
  }

  async #delivery({ facts, chunks, head, sizeBytes, spool }: Draft, hash: BlobHash): Promise<Delivery> {
    const header = new Header(head);
    const flags = statusKeywords(header);
    const omitted = omittedFields(header, isStatus);
    const letter = await (spool === null ? ofChunks(chunks, omitted) : ofSpool(spool, omitted));
    const receivedAt = Math.max(
      0,
      Math.floor(facts.receivedAt ?? letter.summary.sentAt ?? systemClock.now()),
    );
    const keywords = [...new Set([...facts.keywords, ...flags])].sort();
    const recipient = { account: this.#account, forwardPath: '', prefix: new Uint8Array(0) };
    return {
      ...letter,
      hash,
      sizeBytes,
      transport: null,
      receivedAt,
      recipients: [{ ...recipient, mailboxes: [this.#mailbox], keywords }],
    };
  }

  async #deliverGroup(): Promise<void> {
    const group = this.#group;
    this.#group = [];
    this.#groupBytes = 0;
    // One group at a time: what became of it is known before the next begins.
    await this.#underWay;
    if (group.length === 0) return;
    this.#underWay = this.#deliver(group);
    // Whoever waits for it next is told; nobody may wait before the process looks for errors without a listener.
    this.#underWay.catch(() => {});
  }

  async #deliver(
    group: readonly { readonly name: SourceName; readonly delivery: Delivery }[],
  ): Promise<void> {
    const mailbox = await this.#store.mailbox(this.#account, this.#mailbox);
    if (mailbox === null) throw new HouseRefused('the mailbox is gone');
    this.#memory.begin({ uidNext: mailbox.uidNext, letters: group.map(({ name }) => name) });
    const delivered = await this.#store.deliver(...group.map(({ delivery }) => delivery));
    this.#memory.settle(delivered.ok ? 'done' : 'undone');
    if (delivered.ok) this.imported += group.length;
    else throw new HouseRefused(refusals[delivered.refusal]);
  }
}

const refusals = {
  'no-account': 'the account is gone',
  'no-mailbox': 'the mailbox is gone',
  'over-quota':
    'the quota of the account has no room for more; "account quota" raises it, and the same import goes on',
} as const;

type Computed = Pick<NewLetter, 'summary' | 'parsed' | 'threading' | 'omitted' | 'chunks' | 'spool'>;

async function ofChunks(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  omitted: readonly OmittedRange[],
): Promise<Computed> {
  return { ...(await computedLetter(chunks, omitted)).stored, omitted, chunks };
}

async function ofSpool(spool: Spool, omitted: readonly OmittedRange[]): Promise<Computed> {
  await spool.finish();
  return { ...(await computedPieces(spool.pieces(), omitted)).stored, omitted, chunks: [], spool: spool.id };
}

/** As much of a letter as is looked at for flags. */
function headOf(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first.subarray(0, headBytes);
  return Buffer.concat(chunks).subarray(0, headBytes);
}

/** Fields in which programs that keep letters in mbox files note their flags. They are no part of the letter. */
const statusFields: ReadonlySet<string> = new Set(['status', 'x-status', 'x-keywords']);

const statusFlags: ReadonlyMap<string, string> = new Map([
  ['R', '$seen'],
  ['A', '$answered'],
  ['F', '$flagged'],
  ['T', '$draft'],
  ['D', '\\deleted'],
]);

const isStatus = ({ name }: HeaderField): boolean => statusFields.has(name);

/** The keywords that `Status:` and `X-Status:` stand for. */
function statusKeywords(header: Header): Keywords {
  const found = new Set<string>();
  for (const field of header.fields) {
    if (!isStatus(field) || field.name === 'x-keywords') continue;
    for (const letter of header.value(field, 50)) {
      const keyword = statusFlags.get(letter);
      if (keyword !== undefined) found.add(keyword);
    }
  }
  return [...found];
}
