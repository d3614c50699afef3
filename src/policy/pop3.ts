import type { Authenticator } from '../accounts/authenticator.ts';
import { keptPieces, rangesWithin, type OmittedRange } from '../mail/omitted-ranges.ts';
import type { Maildrop } from '../pop3/maildrop.ts';
import { ok, refused, type Eventually, type Result } from '../result.ts';
import type { SaslQuestion, SaslVerdict } from '../sasl/exchange.ts';
import type {
  AccountId,
  AccountName,
  LetterId,
  MailboxId,
  MaildropLock,
  PlacedLetter,
  Store,
  Uid,
} from '../store/port.ts';

export type Pop3PolicyParts = {
  readonly store: Store;
  readonly authenticator: Authenticator;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** A letter as it is kept: its header, or the first 256 KiB of it, and what comes with it; and the rest, where that is not all. */
export type Reading = {
  readonly pieces: readonly Uint8Array[];
  readonly rest: AsyncIterator<readonly Uint8Array[]> | null;
};

/** Says who has which maildrop, and gives and removes its letters. Rejects for faults only. */
export class Pop3Policy {
  readonly #parts: Pop3PolicyParts;

  constructor(parts: Pop3PolicyParts) {
    this.#parts = parts;
  }

  /** Whether access tokens can be verified. */
  get takesTokens(): boolean {
    return this.#parts.authenticator.takesTokens;
  }

  /** The verdict on what SASL asks; `address` is the peer's. */
  login(question: SaslQuestion, address: string): Promise<SaslVerdict> {
    return this.#parts.authenticator.answer(question, { address, service: 'pop3' });
  }

  /** Locks the account's maildrop and takes stock of it. `gone`: the account was removed since it logged in. */
  async open(name: string): Promise<Result<OpenMaildrop, 'in-use' | 'gone'>> {
    const { store, now } = this.#parts;
    const account = await store.account(name as AccountName);
    if (account === null) return refused('gone');
    const lock = await store.lockMaildrop(account.id);
    if (!lock.ok) return refused(lock.refusal === 'locked' ? 'in-use' : 'gone');
    try {
      const inbox = (await store.mailboxes(account.id)).find(({ role }) => role === 'inbox');
      if (inbox !== undefined) {
        const letters = await stock(store, account.id, inbox.id);
        return ok(
          new OpenMaildrop({ store, account: account.id, inbox: inbox.id, letters, lock: lock.value, now }),
        );
      }
      lock.value.release();
      return refused('gone');
    } catch (fault) {
      lock.value.release();
      throw fault;
    }
  }
}

type OpenMaildropParts = {
  readonly store: Store;
  readonly account: AccountId;
  readonly inbox: MailboxId;
  readonly letters: Stock;
  readonly lock: MaildropLock;
  readonly now: () => number;
};

/** A maildrop that one session has for itself, until `close`. */
export class OpenMaildrop {
  readonly #parts: OpenMaildropParts;

  constructor(parts: OpenMaildropParts) {
    this.#parts = parts;
  }

  /** What was there when it was opened. */
  get letters(): Maildrop {
    return this.#parts.letters;
  }

  /**
   * The letter of that number; null where it is gone for good. One that another program has removed meanwhile is still there
   * as long as the store keeps it, as it would be if the lock kept those programs out.
   */
  read(number: number): Eventually<Reading | null> {
    const { store, account, letters } = this.#parts;
    const letter = letters.letter(number);
    const served = store.served(account, letter);
    return served instanceof Promise
      ? served.then((found) => this.#reading(letter, found))
      : this.#reading(letter, served);
  }

  #reading(letter: LetterId, served: Awaited<ReturnType<Store['served']>>): Eventually<Reading | null> {
    if (served === null) return null;
    const { prefix, omitted, bytes } = served;
    if (bytes !== null) return { pieces: [prefix, ...keptPieces(bytes, omitted)], rest: null };
    return this.#long(letter, prefix, omitted);
  }

  async #long(
    letter: LetterId,
    prefix: Uint8Array,
    omitted: readonly OmittedRange[],
  ): Promise<Reading | null> {
    const { store, account } = this.#parts;
    const pieces = await store.blobPieces(account, letter);
    if (pieces === null) return null;
    const all = kept(pieces, omitted)[Symbol.asyncIterator]();
    const first = await all.next();
    return first.done === true
      ? { pieces: [prefix], rest: null }
      : { pieces: [prefix, ...first.value], rest: all };
  }

  /** Removes these letters and no others, in one transaction. Those that are gone already need no removing. */
  async remove(numbers: readonly number[]): Promise<Result<null, 'gone'>> {
    const { store, account, inbox, letters, now } = this.#parts;
    const uids = numbers.map((number) => letters.uid(number));
    const removed = await store.expunge(account, inbox, uids, 'any', now());
    return removed.ok ? ok(null) : refused('gone');
  }

  /** Lets go of the maildrop; a second time does nothing. */
  close(): void {
    this.#parts.lock.release();
  }
}

/** What is left of each piece. */
async function* kept(
  pieces: AsyncIterable<Uint8Array>,
  omitted: readonly OmittedRange[],
): AsyncIterable<readonly Uint8Array[]> {
  let at = 0;
  for await (const piece of pieces) {
    yield keptPieces(piece, rangesWithin(omitted, at, piece.length));
    at += piece.length;
  }
}

/** What a session has to know of each letter, in columns: some thirty octets of memory a letter. */
class Stock implements Maildrop {
  readonly count: number;
  readonly #uids: Uint32Array;
  readonly #letters: Float64Array;
  readonly #sizes: Float64Array;
  readonly #receivedAt: Float64Array;

  constructor(count: number, placed: Iterable<PlacedLetter>) {
    this.count = count;
    this.#uids = new Uint32Array(count);
    this.#letters = new Float64Array(count);
    this.#sizes = new Float64Array(count);
    this.#receivedAt = new Float64Array(count);
    let index = 0;
    for (const { uid, letter, servedBytes, receivedAt } of placed) {
      this.#uids[index] = uid;
      this.#letters[index] = letter;
      this.#sizes[index] = servedBytes;
      this.#receivedAt[index] = receivedAt;
      index += 1;
    }
  }

  sizeBytes(number: number): number {
    return this.#sizes[number - 1] ?? 0;
  }

  /**
   * A letter's number is never given again, and stays with it when it is moved out and back. Of a store that was put back from a
   * backup another letter may come to have a number that was given after the backup: it came at another time.
   */
  uniqueId(number: number): string {
    return `${this.#letters[number - 1]}.${(this.#receivedAt[number - 1] ?? 0).toString(36)}`;
  }

  letter(number: number): LetterId {
    return this.#letters[number - 1] as LetterId;
  }

  uid(number: number): Uid {
    return this.#uids[number - 1] as Uid;
  }
}

/** As many letters are read at once, so that a large maildrop keeps no other session waiting. */
const pageLetters = 1000;

/** The letters of the mailbox in the order of their uids. */
async function stock(store: Store, account: AccountId, mailbox: MailboxId): Promise<Stock> {
  const pages: (readonly PlacedLetter[])[] = [];
  let count = 0;
  for (let from = 1; ;) {
    const page = await store.placed({ account, mailbox, from: from as Uid, count: pageLetters });
    pages.push(page);
    count += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < pageLetters) return new Stock(count, pages.flat());
    from = last.uid + 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
