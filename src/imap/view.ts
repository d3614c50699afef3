import { NumberSetReader, resolved, type NumberRange } from './number-set.ts';

/** A letter that changed, as its session is told of it. */
export type ChangedLetter = {
  readonly uid: number;
  readonly modSeq: bigint;
  readonly keywords: readonly string[];
};

/** What became of a mailbox since it was looked at last. */
export type MailboxChanges = {
  /** Letters that came or changed, lowest uid first. */
  readonly changed: readonly ChangedLetter[];
  /** Uids that left, in order and apart; some of them may never have been there. */
  readonly vanished: readonly NumberRange[];
  /** All changes up to here are in it. */
  readonly upTo: bigint;
};

/** What a session is told of its mailbox, in this order; numbers are those at that moment. */
export type Update =
  /** The letters with these numbers and uids are gone: numbers are to be told from the first to the last. */
  | { readonly tell: 'gone'; readonly letters: readonly { readonly number: number; readonly uid: number }[] }
  | { readonly tell: 'exists'; readonly count: number }
  | { readonly tell: 'letter'; readonly number: number; readonly letter: ChangedLetter };

/** Letters of a view by their positions, which begin at 0; both ends belong to it. */
export type Positions = { readonly first: number; readonly last: number };

/**
 * The numbers that a session knows the letters of its mailbox by (RFC 9051 section 2.3.1.2). What happens in the mailbox is
 * learned at any time and told when it may be told; until then the numbers stand still.
 */
export class View {
  #uids: Uint32Array;
  #count: number;
  /** Letters that are gone and have their numbers still. */
  readonly #gone = new Set<number>();
  /** Letters that the session was not told the change of. */
  readonly #changed = new Map<number, ChangedLetter>();
  /** Own changes that the session knows of, and the modification sequences that they gave the letters. */
  readonly #known = new Map<number, bigint>();
  #toldCount: number;
  #since: bigint;

  /** `uids` rise; `since` is the modification sequence at which they were all. */
  constructor(uids: Uint32Array, since: bigint) {
    this.#uids = uids;
    this.#count = uids.length;
    this.#toldCount = uids.length;
    this.#since = since;
  }

  /** How many letters the session knows of. */
  get count(): number {
    return this.#count;
  }

  /** Up to where changes were learned. */
  get since(): bigint {
    return this.#since;
  }

  /** The highest uid of the view; 0 in an empty one. */
  get lastUid(): number {
    return this.#uids[this.#count - 1] ?? 0;
  }

  /** The uid at a position that is there. */
  uidAt(position: number): number {
    return this.#uids[position] ?? 0;
  }

  /** The position of a uid; where it is not there, the one complement of where it would be. */
  positionOf(uid: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#uids[middle] ?? 0) < uid) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#uids[low] === uid ? low : ~low;
  }

  /** Where the letters with these sequence numbers are; null where one of the numbers is no letter's (RFC 9051 section 9). */
  byNumbers(set: readonly NumberRange[]): readonly Positions[] | null {
    const ranges = resolved(set, this.#count);
    const isWrong = ranges.some(({ from, to }) => from < 1 || to > this.#count);
    return isWrong ? null : ranges.map(({ from, to }) => ({ first: from - 1, last: to - 1 }));
  }

  /** Where the letters with these uids are; what is not there is passed over, and `*` is the last one (RFC 9051 section 6.4.9). */
  byUids(set: readonly NumberRange[]): readonly Positions[] {
    if (this.#count === 0) return [];
    return resolved(set, this.lastUid).flatMap(({ from, to }) => {
      const [first, end] = [this.#atLeast(from), this.#atLeast(to + 1)];
      return first < end ? [{ first, last: end - 1 }] : [];
    });
  }

  /** The first position whose uid is so high. */
  #atLeast(uid: number): number {
    const position = this.positionOf(uid);
    return position < 0 ? ~position : position;
  }

  /** The uids at these positions as ranges, which hold nothing else of the view. */
  uidRanges(positions: readonly Positions[]): readonly NumberRange[] {
    return positions.map(({ first, last }) => ({ from: this.uidAt(first), to: this.uidAt(last) }));
  }

  /** The session was told of this change, or made it without wanting to be told. */
  know({ uid, modSeq }: Pick<ChangedLetter, 'uid' | 'modSeq'>): void {
    this.#known.set(uid, modSeq);
    const waiting = this.#changed.get(uid);
    if (waiting !== undefined && waiting.modSeq <= modSeq) this.#changed.delete(uid);
  }

  /** Takes in what happened. Letters that are new have their numbers at once: nobody else has them. */
  learn({ changed, vanished, upTo }: MailboxChanges): void {
    const last = this.lastUid;
    const known = (uid: number): boolean => uid <= last;
    for (const { first, last: end } of this.byUids(vanished)) {
      for (let position = first; position <= end; position++) {
        const uid = this.uidAt(position);
        this.#gone.add(uid);
        this.#changed.delete(uid);
      }
    }
    const gone = new NumberSetReader(vanished);
    for (const letter of changed) {
      if (gone.has(letter.uid)) continue;
      if (!known(letter.uid)) this.#append(letter.uid);
      else if ((this.#known.get(letter.uid) ?? -1n) < letter.modSeq) this.#changed.set(letter.uid, letter);
    }
    if (upTo > this.#since) this.#since = upTo;
    // What was known is told by now, or was overtaken.
    for (const [uid, modSeq] of this.#known) if (modSeq <= this.#since) this.#known.delete(uid);
  }

  #append(uid: number): void {
    if (this.#count === this.#uids.length) {
      const larger = new Uint32Array(this.#count + (this.#count >>> 3) + 8);
      larger.set(this.#uids);
      this.#uids = larger;
    }
    this.#uids[this.#count] = uid;
    this.#count += 1;
  }

  /**
   * What is to be told now. That letters are gone is told where numbers may change: not while a command is answered whose
   * client counts on them (RFC 9051 section 7.5.1).
   */
  updates(which: 'everything' | 'nothing-gone'): readonly Update[] {
    const updates: Update[] = [];
    if (which === 'everything' && this.#gone.size > 0) {
      const letters = this.#remove();
      if (letters.length > 0) updates.push({ tell: 'gone', letters });
    }
    if (this.#count !== this.#toldCount) {
      this.#toldCount = this.#count;
      updates.push({ tell: 'exists', count: this.#count });
    }
    for (const [uid, letter] of this.#changed) {
      const position = this.positionOf(uid);
      if (position >= 0) updates.push({ tell: 'letter', number: position + 1, letter });
    }
    this.#changed.clear();
    return updates;
  }

  /** Gives up the numbers of what is gone. A letter that came and went unnoticed is not told of. */
  #remove(): { readonly number: number; readonly uid: number }[] {
    const gone = [...this.#gone].sort((one, other) => one - other);
    const letters: { number: number; uid: number }[] = [];
    let kept = 0;
    let next = 0;
    for (let position = 0; position < this.#count; position++) {
      const uid = this.#uids[position] ?? 0;
      if (uid === gone[next]) {
        next += 1;
        if (position < this.#toldCount) letters.push({ number: kept + 1, uid });
      } else this.#uids[kept++] = uid;
    }
    this.#count = kept;
    this.#toldCount -= letters.length;
    this.#gone.clear();
    return letters;
  }
}
