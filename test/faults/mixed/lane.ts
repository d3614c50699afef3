import { createHash } from 'node:crypto';
import { arrangedKeywords, changedKeywords, DELETED } from '../../../src/store/keywords.ts';
import type {
  AccountId,
  BlobHash,
  Delivery,
  KeywordChange,
  Keywords,
  LetterId,
  MailboxId,
  NewLetter,
  PlacedLetter,
  Store,
} from '../../../src/store/port.ts';
import type { Result } from '../../../src/result.ts';
import type { SeededRandom } from '../../support/random.ts';
import type { Effect, Places } from './attempts.ts';

/** Says what a write is to make, makes it, and says that it was answered. */
export type Perform = (
  effects: readonly Effect[],
  write: () => Promise<Result<unknown, string>>,
) => Promise<void>;

/** The mailboxes that every account begins with: anybody may put letters there. */
const COMMON = [1, 2, 3, 4, 5, 6] as readonly number[] as readonly MailboxId[];
const INBOX = 1 as MailboxId;
const KEYWORDS = ['$flagged', '$seen', '__proto__', DELETED, 'work'].sort();
/** Of so many letters in a mailbox most are removed again: what is verified after each round stays small. */
const MANY_LETTERS = 40;
const MOST_BOXES = 3;
const ROOMY_BYTES = 300_000;

/** A letter of this lane with all its places. */
type Own = { readonly letter: LetterId; readonly places: ReadonlyMap<MailboxId, Keywords> };
type InMailbox = {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly placed: readonly PlacedLetter[];
  readonly own: ReadonlyMap<LetterId, Own>;
};

const placesOf = (places: ReadonlyMap<MailboxId, Keywords>): Places =>
  Object.fromEntries([...places].map(([mailbox, keywords]) => [mailbox, keywords.join(' ')]));

const without = (keywords: Keywords, one: string): Keywords => keywords.filter((keyword) => keyword !== one);

/**
 * One of several who work in the same accounts at the same time, each on letters and mailboxes of its own: so each knows
 * what becomes of them. It reads before it writes, as a client does.
 */
export class Lane {
  readonly #store: Store;
  readonly #accounts: readonly AccountId[];
  readonly #lane: number;
  readonly #lanes: number;
  readonly #random: SeededRandom;
  readonly #perform: Perform;
  /** Names that nobody had before: this process, this lane, this count. */
  readonly #name: string;
  #count = 0;

  constructor(parts: {
    readonly store: Store;
    readonly accounts: readonly AccountId[];
    readonly lane: number;
    readonly lanes: number;
    readonly random: SeededRandom;
    readonly perform: Perform;
  }) {
    this.#store = parts.store;
    this.#accounts = parts.accounts;
    this.#lane = parts.lane;
    this.#lanes = parts.lanes;
    this.#random = parts.random;
    this.#perform = parts.perform;
    this.#name = `${process.pid}-${parts.lane}`;
  }

  /** Makes one move. Letters that were removed before `keptSince` are left to `tidy`. */
  async turn(keptSince: number): Promise<void> {
    const account = this.#one(this.#accounts);
    const kind = this.#random.fraction();
    if (kind < 0.1) return this.#deliver(account);
    if (kind < 0.18) return this.#mailboxes(account);
    if (kind < 0.22) return this.#queue(account);
    if (kind < 0.26) return this.#undelete(account, keptSince);
    const boxes = await this.#ownBoxes(account);
    const mailbox = this.#random.fraction() < 0.4 ? INBOX : this.#one([...COMMON, ...boxes]);
    const inside = await this.#inside(account, mailbox);
    if (inside.placed.length === 0) return undefined;
    if (inside.placed.length > MANY_LETTERS / this.#lanes) return this.#clear(inside);
    return this.#arrangeSome({ ...inside, placed: this.#some(inside.placed) }, [...COMMON, ...boxes]);
  }

  #one<Value>(values: readonly Value[]): Value {
    const value = values[this.#random.whole(0, values.length - 1)];
    if (value === undefined) throw new Error('one of nothing');
    return value;
  }

  #some<Value>(values: readonly Value[]): readonly Value[] {
    const from = this.#random.whole(0, values.length - 1);
    return values.slice(from, from + this.#random.whole(1, 6));
  }

  #fresh(): string {
    this.#count += 1;
    return `${this.#name}-${this.#count}`;
  }

  async #ownBoxes(account: AccountId): Promise<readonly MailboxId[]> {
    const all = await this.#store.mailboxes(account);
    return all.filter(({ name }) => name.startsWith(`lane ${this.#lane} `)).map(({ id }) => id);
  }

  /** The letters of this lane in a mailbox, with all their places. */
  async #inside(account: AccountId, mailbox: MailboxId): Promise<InMailbox> {
    const all = await this.#store.placed({ account, mailbox });
    const placed = all.filter(({ letter }) => letter % this.#lanes === this.#lane);
    const own = new Map<LetterId, { letter: LetterId; places: Map<MailboxId, Keywords> }>();
    const letters = placed.map(({ letter }) => letter);
    for (const place of await this.#store.placesOf(account, letters)) {
      const known = own.get(place.letter) ?? { letter: place.letter, places: new Map() };
      known.places.set(place.mailbox, place.keywords);
      own.set(place.letter, known);
    }
    return { account, mailbox, placed, own };
  }

  /** The effect of giving each letter these places. */
  #effects(
    { account, placed, own }: InMailbox,
    become: (places: Map<MailboxId, Keywords>) => void,
  ): readonly Effect[] {
    return placed.map(({ letter }) => {
      const places = new Map(own.get(letter)?.places);
      become(places);
      return { of: 'letter', account, letter, after: placesOf(places) };
    });
  }

  async #arrangeSome(inside: InMailbox, boxes: readonly MailboxId[]): Promise<void> {
    const kind = this.#random.fraction();
    if (kind < 0.35) return this.#setKeywords(inside);
    if (kind < 0.5) return this.#copyOrMove(inside, 'copy', this.#one(boxes));
    if (kind < 0.75) return this.#copyOrMove(inside, 'move', this.#one(boxes));
    if (kind < 0.9) return this.#arrange(inside, this.#some(boxes));
    return this.#expunge(inside, 'deleted');
  }

  #change(): KeywordChange {
    const how = this.#one(['add', 'remove', 'replace'] as const);
    return { how, keywords: KEYWORDS.filter(() => this.#random.fraction() < 0.4) };
  }

  #setKeywords(inside: InMailbox): Promise<void> {
    const { account, mailbox, placed } = inside;
    const change = this.#change();
    const effects = this.#effects(inside, (places) =>
      places.set(mailbox, changedKeywords(places.get(mailbox) ?? [], change)),
    );
    const uids = placed.map(({ uid }) => uid);
    return this.#perform(effects, () => this.#store.setKeywords(account, mailbox, uids, change));
  }

  /** Only of those that are not in it yet: a second copy would be another letter with the same bytes. */
  async #copyOrMove(inside: InMailbox, verb: 'copy' | 'move', to: MailboxId): Promise<void> {
    const { account, mailbox, own } = inside;
    const placed = inside.placed.filter(({ letter }) => own.get(letter)?.places.has(to) === false);
    if (placed.length === 0) return undefined;
    const effects = this.#effects({ ...inside, placed }, (places) => {
      places.set(to, without(places.get(mailbox) ?? [], DELETED));
      if (verb === 'move') places.delete(mailbox);
    });
    const uids = placed.map(({ uid }) => uid);
    return this.#perform(effects, () => this.#store[verb](account, mailbox, uids, to, Date.now()));
  }

  #arrange(inside: InMailbox, mailboxes: readonly MailboxId[]): Promise<void> {
    const { account, placed } = inside;
    const change = this.#change();
    const effects = this.#effects(inside, (places) => {
      const [first] = [...places.keys()].sort((one, other) => one - other);
      const fresh = first === undefined ? [] : without(places.get(first) ?? [], DELETED);
      for (const mailbox of places.keys()) if (!mailboxes.includes(mailbox)) places.delete(mailbox);
      for (const mailbox of mailboxes)
        places.set(mailbox, arrangedKeywords(places.get(mailbox) ?? fresh, change));
    });
    const arrangements = placed.map(({ letter }) => ({ letter, mailboxes, keywords: change }));
    return this.#perform(effects, async () => {
      const outcomes = await this.#store.arrange(account, arrangements, Date.now());
      return outcomes.find(({ ok }) => !ok) ?? { ok: true, value: null };
    });
  }

  #expunge(inside: InMailbox, which: 'deleted' | 'any'): Promise<void> {
    const { account, mailbox, placed } = inside;
    const effects = this.#effects(inside, (places) => {
      if (which === 'any' || places.get(mailbox)?.includes(DELETED) === true) places.delete(mailbox);
    });
    const uids = placed.map(({ uid }) => uid);
    return this.#perform(effects, () => this.#store.expunge(account, mailbox, uids, which, Date.now()));
  }

  /** Most of what is here leaves. */
  #clear(inside: InMailbox): Promise<void> {
    const placed = inside.placed.slice(0, Math.ceil(inside.placed.length * 0.7));
    if (this.#random.fraction() < 0.5) return this.#expunge({ ...inside, placed }, 'any');
    const { account } = inside;
    const effects = this.#effects({ ...inside, placed }, (places) => places.clear());
    const letters = placed.map(({ letter }) => letter);
    return this.#perform(effects, async () => ({
      ok: true,
      value: await this.#store.removeLetters(account, letters, Date.now()),
    }));
  }

  async #undelete(account: AccountId, keptSince: number): Promise<void> {
    const removed = await this.#store.removedLetters({ account, count: 100, before: null });
    const own = removed.filter(
      ({ letter, removedAt }) => letter % this.#lanes === this.#lane && removedAt > keptSince,
    );
    if (own.length === 0) return undefined;
    const boxes = new Set((await this.#store.mailboxes(account)).map(({ id }) => id));
    const back = this.#some(own);
    const effects = back.map(({ letter, mailbox, keywords }): Effect => {
      const places = new Map([[boxes.has(mailbox) ? mailbox : INBOX, without(keywords, DELETED)]]);
      return { of: 'letter', account, letter, after: placesOf(places) };
    });
    const letters = back.map(({ letter }) => letter);
    return this.#perform(effects, () => this.#store.undelete(account, letters, Date.now()));
  }

  async #mailboxes(account: AccountId): Promise<void> {
    const boxes = await this.#ownBoxes(account);
    const kind = this.#random.fraction();
    const after = { name: `lane ${this.#lane} ${this.#fresh()}`, parent: null };
    if (boxes.length === 0 || (kind < 0.4 && boxes.length < MOST_BOXES))
      return this.#perform([{ of: 'new mailbox', account, after }], () =>
        this.#store.createMailbox(account, { ...after, createdAt: Date.now() }),
      );
    const mailbox = this.#one(boxes);
    if (kind < 0.7)
      return this.#perform([{ of: 'mailbox', account, mailbox, after }], () =>
        this.#store.updateMailbox(account, mailbox, after),
      );
    const inside = await this.#inside(account, mailbox);
    const letters = this.#effects(inside, (places) => places.delete(mailbox));
    return this.#perform([{ of: 'mailbox', account, mailbox, after: null }, ...letters], () =>
      this.#store.removeMailbox(account, mailbox, { letters: 'remove', at: Date.now() }),
    );
  }

  /** A small letter, one in a file, a spooled one, or a large one that others have as well. */
  async #deliver(account: AccountId): Promise<void> {
    const kind = this.#random.fraction();
    const subject = kind < 0.8 ? this.#fresh() : `everybody's ${this.#random.whole(1, 3)}`;
    const size = kind < 0.4 ? this.#random.whole(1, 20_000) : ROOMY_BYTES;
    const text = `Subject: ${subject}\r\n\r\n${`${subject}\r\n`.repeat(Math.ceil(size / (subject.length + 2)))}`;
    const bytes = new Uint8Array(Buffer.from(text));
    const spooled = kind > 0.6;
    const letter = await this.#newLetter(subject, bytes, spooled);
    const recipient = { account, forwardPath: '', prefix: new Uint8Array(0) };
    const delivery: Delivery = {
      ...letter,
      recipients: [{ ...recipient, mailboxes: [INBOX], keywords: [] }],
    };
    const { hash } = letter;
    const effect = { of: 'new letter', account, subject, hash, after: { [INBOX]: '' } } as const;
    return this.#perform([effect], () => this.#store.deliver(delivery));
  }

  async #newLetter(subject: string, bytes: Uint8Array<ArrayBuffer>, spooled: boolean): Promise<NewLetter> {
    const hash = createHash('sha256').update(bytes).digest('hex') as BlobHash;
    const letter = {
      hash,
      sizeBytes: bytes.length,
      summary: { subject, from: '', sentAt: null, messageId: null },
      transport: null,
      receivedAt: Date.now(),
    };
    if (!spooled) return { ...letter, chunks: [bytes] };
    const spool = await this.#store.spool();
    await spool.write(bytes);
    await spool.finish();
    return { ...letter, chunks: [], spool: spool.id };
  }

  /** Puts something into the queue, or takes out what is due, as somebody who sends it does. */
  async #queue(account: AccountId): Promise<void> {
    if (this.#random.fraction() < 0.6) {
      const destination = `${this.#fresh()}.example`;
      const bytes = new Uint8Array(Buffer.from(`Subject: ${destination}\r\n\r\n`));
      const letter = await this.#newLetter(destination, bytes, false);
      const now = Date.now();
      const entry = {
        account,
        destination,
        state: '{}',
        prefix: new Uint8Array(0),
        dueAt: now,
        createdAt: now,
      };
      return this.#perform([{ of: 'new entry', destination }], async () => ({
        ok: true,
        value: await this.#store.enqueue(letter, [entry]),
      }));
    }
    const now = Date.now();
    for (const { id, destination, leasedUntil } of await this.#store.lease(now, now + 60_000, 2)) {
      await this.#perform([{ of: 'entry', destination }], () =>
        this.#store.settle(id, leasedUntil ?? 0, 'done'),
      );
    }
    return undefined;
  }
}
