import type { LetterId, MailboxId } from '../port.ts';

/** A letter in a mailbox, as the roll takes it in. */
export type RollEntry = {
  readonly letter: number;
  readonly mailbox: number;
  readonly uid: number;
  readonly thread: number;
  readonly modSeq: number;
  /** As in the column of that name. */
  readonly flags: number;
  /** The other keywords, a space between two. */
  readonly keywords: string;
  readonly savedAt: number;
  readonly receivedAt: number;
  readonly servedBytes: number;
};

/** What is read of a letter itself, for sorting: `subject` and `sender` are the numbers of their keys, 0 until they are known. */
export type RollFacts = { readonly sentAt: number; readonly subject: number; readonly sender: number };

/** Columns that have an entry for each place of a letter, by letter and then by mailbox. `keywords` leads into the texts. */
const columnsOf = (size: number) => ({
  letter: new Float64Array(size),
  mailbox: new Uint32Array(size),
  uid: new Uint32Array(size),
  thread: new Float64Array(size),
  modSeq: new Float64Array(size),
  flags: new Uint8Array(size),
  keywords: new Uint32Array(size),
  savedAt: new Float64Array(size),
  receivedAt: new Float64Array(size),
  servedBytes: new Float64Array(size),
  sentAt: new Float64Array(size),
  subject: new Uint32Array(size),
  sender: new Uint32Array(size),
});

type RollColumns = ReturnType<typeof columnsOf>;

const names = Object.keys(columnsOf(0)) as readonly (keyof RollColumns)[];

/**
 * All places of an account's letters in columns, so that a hundred thousand of them are looked at in a millisecond. What it
 * takes is some 90 bytes a place. It is as old as its last `change`.
 */
export class Roll {
  #columns: RollColumns = columnsOf(0);
  #size = 0;
  readonly #keywordTexts: string[] = [''];
  readonly #keywordNumbers = new Map([['', 0]]);

  /** How many places there are. */
  get size(): number {
    return this.#size;
  }

  /** To be read only, and good until the next change; what is behind `size` means nothing. */
  get columns(): Readonly<RollColumns> {
    return this.#columns;
  }

  /** The texts that the column `keywords` leads to. */
  get keywordTexts(): readonly string[] {
    return this.#keywordTexts;
  }

  /** The first place of the letter, or of the next one that there is. */
  start(letter: LetterId): number {
    const { letter: letters } = this.#columns;
    let [low, high] = [0, this.#size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((letters[middle] ?? 0) < letter) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place behind the last one of the letter that lies at `row`. */
  end(row: number): number {
    const { letter } = this.#columns;
    let end = row + 1;
    while (end < this.#size && letter[end] === letter[row]) end++;
    return end;
  }

  has(letter: LetterId): boolean {
    const row = this.start(letter);
    return row < this.#size && this.#columns.letter[row] === letter;
  }

  /** Where the letter is in the mailbox; -1 where it is not. */
  find(letter: LetterId, mailbox: MailboxId): number {
    const { letter: letters, mailbox: mailboxes } = this.#columns;
    for (let row = this.start(letter); row < this.#size && letters[row] === letter; row++)
      if (mailboxes[row] === mailbox) return row;
    return -1;
  }

  /** Takes out the rows of `gone`, and takes in `entries`, each where none of its letter is in its mailbox any more. */
  change(gone: ReadonlySet<number>, entries: readonly RollEntry[]): void {
    if (gone.size === 0 && entries.length === 0) return;
    const added = entries.toSorted(byPlace);
    const { letter, mailbox } = this.#columns;
    const next = new Builder(this.#columns, this.#size - gone.size + added.length);
    const breaks = [...gone].sort((one, other) => one - other).values();
    let gap = breaks.next().value ?? Infinity;
    let row = 0;
    /** Copies what stands before `end` and is not gone. */
    const copyTo = (end: number): void => {
      for (; gap < end; gap = breaks.next().value ?? Infinity) {
        next.copy(row, gap);
        row = gap + 1;
      }
      next.copy(row, end);
      row = Math.max(row, end);
    };
    for (const entry of added) {
      let at = Math.max(row, this.start(entry.letter as LetterId));
      while (at < this.#size && letter[at] === entry.letter && (mailbox[at] ?? 0) < entry.mailbox) at++;
      copyTo(at);
      next.add(entry, this.#keywordNumber(entry.keywords));
    }
    copyTo(this.#size);
    this.#columns = next.columns;
    this.#size = next.size;
  }

  /** Gives a place other keywords. */
  mark(row: number, { modSeq, flags, keywords }: Pick<RollEntry, 'modSeq' | 'flags' | 'keywords'>): void {
    this.#columns.modSeq[row] = modSeq;
    this.#columns.flags[row] = flags;
    this.#columns.keywords[row] = this.#keywordNumber(keywords);
  }

  /** Notes what was read of the letter at each of its places. */
  know(letter: LetterId, { sentAt, subject, sender }: RollFacts): void {
    const columns = this.#columns;
    for (let row = this.start(letter); row < this.#size && columns.letter[row] === letter; row++) {
      columns.sentAt[row] = sentAt;
      columns.subject[row] = subject;
      columns.sender[row] = sender;
    }
  }

  /** Forgets what was read of the letters themselves. */
  forgetFacts(): void {
    this.#columns.subject.fill(0);
    this.#columns.sender.fill(0);
  }

  #keywordNumber(text: string): number {
    const known = this.#keywordNumbers.get(text);
    if (known !== undefined) return known;
    this.#keywordNumbers.set(text, this.#keywordTexts.length);
    return this.#keywordTexts.push(text) - 1;
  }
}

const byPlace = (one: RollEntry, other: RollEntry): number =>
  one.letter - other.letter || one.mailbox - other.mailbox;

/** New columns, filled from their beginning. */
class Builder {
  readonly columns: RollColumns;
  readonly #old: RollColumns;
  size = 0;

  constructor(old: RollColumns, size: number) {
    this.#old = old;
    this.columns = columnsOf(size);
  }

  copy(from: number, to: number): void {
    if (to <= from) return;
    for (const name of names) this.columns[name].set(this.#old[name].subarray(from, to), this.size);
    this.size += to - from;
  }

  add(entry: RollEntry, keywords: number): void {
    const { columns, size } = this;
    columns.letter[size] = entry.letter;
    columns.mailbox[size] = entry.mailbox;
    columns.uid[size] = entry.uid;
    columns.thread[size] = entry.thread;
    columns.modSeq[size] = entry.modSeq;
    columns.flags[size] = entry.flags;
    columns.keywords[size] = keywords;
    columns.savedAt[size] = entry.savedAt;
    columns.receivedAt[size] = entry.receivedAt;
    columns.servedBytes[size] = entry.servedBytes;
    this.size = size + 1;
  }
}
