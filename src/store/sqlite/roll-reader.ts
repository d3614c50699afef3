import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, LetterId, MailboxId } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { allRows, bigInteger, firstRow, integer, text, type Row } from './column.ts';
import { PLACED_COLUMNS } from './letter-reader.ts';
import { Roll, type RollEntry } from './roll.ts';

const ACCOUNT = 'SELECT mod_seq, floor_mod_seq FROM account WHERE id = ? AND removed_at IS NULL';
const MAILBOXES = 'SELECT id, highest_mod_seq, uid_next FROM mailbox WHERE account = ?';
const LEFT = 'SELECT letter, uid FROM gone_placement WHERE account = ? AND mailbox = ? AND mod_seq > ?';
const COME = `SELECT ${PLACED_COLUMNS} FROM placement WHERE account = ? AND mailbox = ? AND uid >= ?`;
/** What was there before has changed only where it is marked so. */
const CHANGED = `SELECT ${PLACED_COLUMNS} FROM placement INDEXED BY placement_changed
  WHERE account = ? AND mailbox = ? AND changed = 1 AND mod_seq > ? AND uid < ?`;
/** A column as one text: as rows of their own, a hundred thousand places take three times as long. */
const ALL = `SELECT ${PLACED_COLUMNS.split(', ')
  .map((column) => `json_group_array(${column})`)
  .join(', ')} FROM placement WHERE account = ? AND mailbox = ?`;

/** With more changes than this it is faster to read everything. */
const MOST_CHANGES = 5000;

/** What the numbers of a mailbox were when the roll was read. */
type Mark = { readonly highestModSeq: bigint; readonly uidNext: number };
type Marks = ReadonlyMap<MailboxId, Mark>;

/** Keeps the roll of an account in step with the database. */
export class RollReader {
  readonly #account: AccountId;
  readonly #statements: Readonly<Record<keyof typeof SQL, StatementSync>>;
  #roll = new Roll();
  #modSeq = -1n;
  #marks: Marks = new Map();

  /** `db` has the tables of the letters, perhaps attached. */
  constructor(db: DatabaseSync, account: AccountId) {
    this.#account = account;
    const wide = { readBigInts: true, returnArrays: true };
    this.#statements = Object.fromEntries(
      Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql, wide)]),
    ) as Record<keyof typeof SQL, StatementSync>;
  }

  /** How many places are kept in memory. */
  get size(): number {
    return this.#roll.size;
  }

  /** The roll as the letters are now, and up to which change that is; null where there is no such account. Inside of a transaction. */
  read(): { readonly roll: Roll; readonly modSeq: bigint; readonly floor: bigint } | null {
    const account = firstRow(this.#statements.account, this.#account);
    if (account === undefined) return null;
    const [modSeq, floor] = [bigInteger(account[0]), bigInteger(account[1])];
    if (modSeq !== this.#modSeq) this.#catchUp(modSeq, floor);
    return { roll: this.#roll, modSeq, floor };
  }

  #catchUp(modSeq: bigint, floor: bigint): void {
    const rows = allRows(this.#statements.mailboxes, this.#account);
    const marks = new Map(
      rows.map((row) => [
        integer(row[0]) as MailboxId,
        { highestModSeq: bigInteger(row[1]), uidNext: integer(row[2]) },
      ]),
    );
    const isFar = this.#modSeq < floor || modSeq < this.#modSeq || modSeq - this.#modSeq > MOST_CHANGES;
    if (isFar || this.#roll.keywordTexts.length > 2 * MOST_CHANGES + this.#roll.size) this.#load(marks);
    else this.#follow(marks);
    this.#marks = marks;
    this.#modSeq = modSeq;
  }

  /** Lets go of the memory. */
  forget(): void {
    this.#roll = new Roll();
    this.#modSeq = -1n;
  }

  #load(marks: Marks): void {
    this.forget();
    const entries: RollEntry[] = [];
    for (const mailbox of marks.keys()) {
      const columns = firstRow(this.#statements.all, this.#account, mailbox) ?? [];
      for (const entry of entriesOf(columns)) entries.push(entry);
    }
    this.#roll.change(new Set(), entries);
  }

  #follow(marks: Marks): void {
    const gone = this.#placesOfLost(marks);
    const entries: RollEntry[] = [];
    for (const [mailbox, { highestModSeq }] of marks) {
      if (highestModSeq <= this.#modSeq) continue;
      const where = [this.#account, mailbox] as const;
      for (const row of allRows(this.#statements.left, ...where, this.#modSeq)) {
        const place = this.#roll.find(integer(row[0]) as LetterId, mailbox);
        if (place !== -1 && this.#roll.columns.uid[place] === integer(row[1])) gone.add(place);
      }
      const next = this.#marks.get(mailbox)?.uidNext ?? 1;
      for (const row of allRows(this.#statements.changed, ...where, this.#modSeq, next)) {
        const entry = entryOf(row);
        const place = this.#roll.find(entry.letter as LetterId, mailbox);
        if (place === -1) throw new StoreFault(`letter ${entry.letter} came to ${mailbox} unseen`);
        this.#roll.mark(place, entry);
      }
      for (const row of allRows(this.#statements.come, ...where, next)) entries.push(entryOf(row));
    }
    this.#roll.change(gone, entries);
  }

  /** The rows of mailboxes that are no more. */
  #placesOfLost(marks: Marks): Set<number> {
    const lost = new Set<number>([...this.#marks.keys()].filter((mailbox) => !marks.has(mailbox)));
    const places = new Set<number>();
    if (lost.size === 0) return places;
    for (let row = 0; row < this.#roll.size; row++)
      if (lost.has(this.#roll.columns.mailbox[row] ?? 0)) places.add(row);
    return places;
  }
}

const SQL = {
  account: ACCOUNT,
  mailboxes: MAILBOXES,
  left: LEFT,
  all: ALL,
  come: COME,
  changed: CHANGED,
} as const;

const entryOf = (row: Row): RollEntry => ({
  mailbox: integer(row[0]),
  uid: integer(row[1]),
  letter: integer(row[2]),
  thread: integer(row[3]),
  modSeq: integer(row[4]),
  flags: integer(row[5]),
  keywords: text(row[6]),
  savedAt: integer(row[7]),
  receivedAt: integer(row[8]),
  servedBytes: integer(row[9]),
});

/** The rows that stand in columns. */
function* entriesOf(columns: Row): Iterable<RollEntry> {
  const read = columns.map((column) => JSON.parse(text(column)) as Row);
  const { length } = read[0] ?? [];
  for (let at = 0; at < length; at++) yield entryOf(read.map((column) => column[at] ?? null));
}
