import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, Keywords, LetterId, MailboxId, ModSeq, Placement, ThreadId, Uid } from '../port.ts';
import { allRows, bigInteger, firstRow, integer, text, type Row } from './column.ts';
import { DELETED_BIT, fromKeywordColumns, SEEN_BIT, toKeywordColumns } from './keyword-columns.ts';
import { nextUid, type AccountNumbers, type Ledger, type MailboxNumbers } from './ledger.ts';

const COLUMNS = `mailbox, uid, letter, letter_row, thread, mod_seq, flags, keywords, received_at, served_bytes`;
const INSERT = `INSERT INTO placement (account, mailbox, uid, letter, letter_row, thread, mod_seq, flags, keywords,
  saved_at, received_at, served_bytes, changed, out_of_order) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`;
const BY_UID = `SELECT ${COLUMNS} FROM placement WHERE account = ? AND mailbox = ? AND uid = ?`;
const BY_LETTER = `SELECT ${COLUMNS} FROM placement WHERE account = ? AND letter = ? ORDER BY mailbox`;
const IN_MAILBOX = 'SELECT uid FROM placement WHERE account = ? AND mailbox = ? ORDER BY uid';
const IS_IN = 'SELECT 1 FROM placement WHERE account = ? AND letter = ? AND mailbox = ?';
const IS_ANYWHERE = 'SELECT 1 FROM placement WHERE account = ? AND letter = ? LIMIT 1';
const SET_KEYWORDS = `UPDATE placement SET flags = ?, keywords = ?, mod_seq = ?, changed = 1
  WHERE account = ? AND mailbox = ? AND uid = ?`;
const DELETE = 'DELETE FROM placement WHERE account = ? AND mailbox = ? AND uid = ?';
const INSERT_GONE = `INSERT INTO gone_placement (account, mailbox, mod_seq, uid, letter, at) VALUES (?, ?, ?, ?, ?, ?)`;

/** A row of `placement`, as those who change it want it. */
export type PlacementRow = {
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly letter: LetterId;
  readonly letterRow: number | bigint;
  readonly thread: ThreadId;
  readonly modSeq: bigint;
  readonly keywords: Keywords;
  readonly receivedAt: number;
  readonly servedBytes: number;
};

/** A letter that is to be put into a mailbox. */
export type NewPlacement = Omit<PlacementRow, 'mailbox' | 'uid'> & { readonly savedAt: number };

const rowOf = (row: Row): PlacementRow => ({
  mailbox: integer(row[0]) as MailboxId,
  uid: integer(row[1]) as Uid,
  letter: integer(row[2]) as LetterId,
  letterRow: integer(row[3]),
  thread: integer(row[4]) as ThreadId,
  modSeq: bigInteger(row[5]),
  keywords: fromKeywordColumns(integer(row[6]), text(row[7])),
  receivedAt: integer(row[8]),
  servedBytes: integer(row[9]),
});

/** The letters in the mailboxes, with the counts that follow from them, which are exact after each call. */
export class PlacementRows {
  readonly #ledger: Ledger;
  readonly #insert: StatementSync;
  readonly #byUid: StatementSync;
  readonly #byLetter: StatementSync;
  readonly #inMailbox: StatementSync;
  readonly #isIn: StatementSync;
  readonly #isAnywhere: StatementSync;
  readonly #setKeywords: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertGone: StatementSync;

  constructor(db: DatabaseSync, ledger: Ledger) {
    this.#ledger = ledger;
    const wide = { returnArrays: true, readBigInts: true };
    this.#insert = db.prepare(INSERT);
    this.#byUid = db.prepare(BY_UID, wide);
    this.#byLetter = db.prepare(BY_LETTER, wide);
    this.#inMailbox = db.prepare(IN_MAILBOX, { returnArrays: true });
    this.#isIn = db.prepare(IS_IN);
    this.#isAnywhere = db.prepare(IS_ANYWHERE);
    this.#setKeywords = db.prepare(SET_KEYWORDS);
    this.#delete = db.prepare(DELETE);
    this.#insertGone = db.prepare(INSERT_GONE);
  }

  find(account: AccountId, mailbox: MailboxId, uid: Uid): PlacementRow | null {
    const row = firstRow(this.#byUid, account, mailbox, uid);
    return row === undefined ? null : rowOf(row);
  }

  /** Those of the uids that are there, lowest first, each once. */
  present(account: AccountId, mailbox: MailboxId, uids: readonly Uid[]): readonly PlacementRow[] {
    const ordered = [...new Set(uids)].sort((one, other) => one - other);
    return ordered.flatMap((uid) => this.find(account, mailbox, uid) ?? []);
  }

  /** Every place of the letter, by mailbox. */
  places(account: AccountId, letter: LetterId): readonly PlacementRow[] {
    return allRows(this.#byLetter, account, letter).map(rowOf);
  }

  uids(account: AccountId, mailbox: MailboxId): readonly Uid[] {
    return allRows(this.#inMailbox, account, mailbox).map((row) => integer(row[0]) as Uid);
  }

  isIn(account: AccountId, letter: LetterId, mailbox: MailboxId): boolean {
    return this.#isIn.get(account, letter, mailbox) !== undefined;
  }

  isAnywhere(account: AccountId, letter: LetterId): boolean {
    return this.#isAnywhere.get(account, letter) !== undefined;
  }

  /** Puts the letter into the mailbox, where it is not yet. */
  put(numbers: AccountNumbers, mailbox: MailboxNumbers, placement: NewPlacement): Placement {
    const { account } = numbers;
    const { letter, letterRow, thread, modSeq, savedAt, receivedAt, servedBytes } = placement;
    const { flags, keywords } = toKeywordColumns(placement.keywords);
    const uid = nextUid(account, mailbox);
    const late = receivedAt < mailbox.latestReceivedAt ? 1 : 0;
    const what = [account, mailbox.id, uid, letter, letterRow, thread, modSeq, flags, keywords] as const;
    this.#insert.run(...what, savedAt, receivedAt, servedBytes, late);
    mailbox.latestReceivedAt = Math.max(mailbox.latestReceivedAt, receivedAt);
    this.#count(numbers, mailbox, modSeq, { flags, servedBytes, by: 1 });
    return { account, mailbox: mailbox.id, letter, uid, modSeq: modSeq as ModSeq };
  }

  /** Gives the letter in the mailbox other keywords. */
  mark(
    numbers: AccountNumbers,
    mailbox: MailboxNumbers,
    row: PlacementRow,
    change: { readonly modSeq: bigint; readonly keywords: Keywords },
  ): void {
    const before = toKeywordColumns(row.keywords);
    const { flags, keywords } = toKeywordColumns(change.keywords);
    this.#setKeywords.run(flags, keywords, change.modSeq, numbers.account, mailbox.id, row.uid);
    this.#count(numbers, mailbox, change.modSeq, {
      flags: before.flags,
      servedBytes: row.servedBytes,
      by: -1,
    });
    this.#count(numbers, mailbox, change.modSeq, { flags, servedBytes: row.servedBytes, by: 1 });
  }

  /** Takes the letter out of the mailbox, and remembers that. */
  take(
    numbers: AccountNumbers,
    mailbox: MailboxNumbers,
    row: PlacementRow,
    { modSeq, at }: { readonly modSeq: bigint; readonly at: number },
  ): void {
    const { account } = numbers;
    this.#delete.run(account, mailbox.id, row.uid);
    this.#insertGone.run(account, mailbox.id, modSeq, row.uid, row.letter, at);
    const { flags } = toKeywordColumns(row.keywords);
    this.#count(numbers, mailbox, modSeq, { flags, servedBytes: row.servedBytes, by: -1 });
  }

  #count(
    numbers: AccountNumbers,
    mailbox: MailboxNumbers,
    modSeq: bigint,
    { flags, servedBytes, by }: { readonly flags: number; readonly servedBytes: number; readonly by: 1 | -1 },
  ): void {
    this.#ledger.touch(numbers);
    mailbox.changed = true;
    mailbox.highestModSeq = modSeq;
    mailbox.modSeq = modSeq;
    mailbox.letters += by;
    mailbox.sizeBytes += by * servedBytes;
    if ((flags & SEEN_BIT) === 0) mailbox.unseen += by;
    if ((flags & DELETED_BIT) !== 0) mailbox.deleted += by;
  }
}
