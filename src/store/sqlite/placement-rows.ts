import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, Keywords, LetterId, MailboxId, ModSeq, Placement, ThreadId, Uid } from '../port.ts';
import { StoreFault } from '../fault.ts';
import { allRows, bigInteger, firstRow, integer, text, type Row } from './column.ts';
import { DELETED_BIT, fromKeywordColumns, SEEN_BIT, toKeywordColumns } from './keyword-columns.ts';
import { nextUid, type AccountNumbers, type Ledger, type MailboxNumbers } from './ledger.ts';

const COLUMNS = 'mailbox, uid, letter, thread, mod_seq, flags, keywords, received_at, served_bytes';
const INSERT = `INSERT INTO placement (account, mailbox, uid, letter, thread, mod_seq, flags, keywords, saved_at,
  received_at, served_bytes, changed, out_of_order) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`;
const BY_UID = `SELECT ${COLUMNS} FROM placement WHERE account = ? AND mailbox = ? AND uid = ?`;
const IN_MAILBOX = 'SELECT uid FROM placement WHERE account = ? AND mailbox = ? ORDER BY uid';
const SET_KEYWORDS = `UPDATE placement SET flags = ?, keywords = ?, mod_seq = ?, changed = 1
  WHERE account = ? AND mailbox = ? AND uid = ?`;
const DELETE = 'DELETE FROM placement WHERE account = ? AND mailbox = ? AND uid = ?';
const INSERT_GONE = `INSERT INTO gone_placement (account, mailbox, mod_seq, uid, letter, at) VALUES (?, ?, ?, ?, ?, ?)`;
const FIRST_PLACE = 'SELECT mailbox, uid FROM letter WHERE id = ? AND account = ?';
const FURTHER_PLACES = 'SELECT mailbox, uid FROM further_place WHERE letter = ? ORDER BY mailbox';
const SET_FIRST_PLACE = 'UPDATE letter SET mailbox = ?, uid = ? WHERE id = ?';
const ADD_PLACE = 'INSERT INTO further_place (letter, mailbox, uid) VALUES (?, ?, ?)';
const REMOVE_PLACE = 'DELETE FROM further_place WHERE letter = ? AND mailbox = ?';

/** Where a letter lies: the mailbox, and what it is called there. */
export type Place = { readonly mailbox: MailboxId; readonly uid: Uid };

/** A row of `placement`, as those who change it want it. */
export type PlacementRow = {
  readonly mailbox: MailboxId;
  readonly uid: Uid;
  readonly letter: LetterId;
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
  thread: integer(row[3]) as ThreadId,
  modSeq: bigInteger(row[4]),
  keywords: fromKeywordColumns(integer(row[5]), text(row[6])),
  receivedAt: integer(row[7]),
  servedBytes: integer(row[8]),
});

/** The letters in the mailboxes, with the counts that follow from them, which are exact after each call. */
export class PlacementRows {
  readonly #ledger: Ledger;
  readonly #insert: StatementSync;
  readonly #byUid: StatementSync;
  readonly #inMailbox: StatementSync;
  readonly #setKeywords: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertGone: StatementSync;
  readonly #firstPlace: StatementSync;
  readonly #furtherPlaces: StatementSync;
  readonly #setFirstPlace: StatementSync;
  readonly #addPlace: StatementSync;
  readonly #removePlace: StatementSync;

  constructor(db: DatabaseSync, ledger: Ledger) {
    this.#ledger = ledger;
    const wide = { returnArrays: true, readBigInts: true };
    this.#insert = db.prepare(INSERT);
    this.#byUid = db.prepare(BY_UID, wide);
    this.#inMailbox = db.prepare(IN_MAILBOX, { returnArrays: true });
    this.#setKeywords = db.prepare(SET_KEYWORDS);
    this.#delete = db.prepare(DELETE);
    this.#insertGone = db.prepare(INSERT_GONE);
    this.#firstPlace = db.prepare(FIRST_PLACE, { returnArrays: true });
    this.#furtherPlaces = db.prepare(FURTHER_PLACES, { returnArrays: true });
    this.#setFirstPlace = db.prepare(SET_FIRST_PLACE);
    this.#addPlace = db.prepare(ADD_PLACE);
    this.#removePlace = db.prepare(REMOVE_PLACE);
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
    return this.#where(account, letter).map(({ mailbox, uid }) => {
      const row = this.find(account, mailbox, uid);
      if (row === null) throw new StoreFault(`letter ${letter} is not where it says, at ${mailbox}/${uid}`);
      return row;
    });
  }

  uids(account: AccountId, mailbox: MailboxId): readonly Uid[] {
    return allRows(this.#inMailbox, account, mailbox).map((row) => integer(row[0]) as Uid);
  }

  isIn(account: AccountId, letter: LetterId, mailbox: MailboxId): boolean {
    return this.#where(account, letter).some((place) => place.mailbox === mailbox);
  }

  isAnywhere(account: AccountId, letter: LetterId): boolean {
    return this.#where(account, letter).length > 0;
  }

  #where(account: AccountId, letter: LetterId): readonly Place[] {
    const row = firstRow(this.#firstPlace, letter, account);
    if (row === undefined) return [];
    const places = allRows(this.#furtherPlaces, letter).map(placeOf);
    const first = placeOf(row);
    if ((first.mailbox as number) === 0) return places;
    return places.length === 0
      ? [first]
      : [...places, first].sort((one, other) => one.mailbox - other.mailbox);
  }

  /** Puts the letter into the mailbox, where it is not yet. */
  put(numbers: AccountNumbers, mailbox: MailboxNumbers, placement: NewPlacement): Placement {
    const uid = nextUid(numbers.account, mailbox);
    const first = firstRow(this.#firstPlace, placement.letter, numbers.account);
    if (first !== undefined && integer(first[0]) === 0)
      this.#setFirstPlace.run(mailbox.id, uid, placement.letter);
    else this.#addPlace.run(placement.letter, mailbox.id, uid);
    return this.write(numbers, mailbox, uid, placement);
  }

  /** The row of a place that the letter knows of already. */
  write(numbers: AccountNumbers, mailbox: MailboxNumbers, uid: Uid, placement: NewPlacement): Placement {
    const { account } = numbers;
    const { letter, thread, modSeq, savedAt, receivedAt, servedBytes } = placement;
    const { flags, keywords } = toKeywordColumns(placement.keywords);
    const late = receivedAt < mailbox.latestReceivedAt ? 1 : 0;
    const what = [account, mailbox.id, uid, letter, thread, modSeq, flags, keywords] as const;
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
    if (this.#removePlace.run(row.letter, mailbox.id).changes === 0)
      this.#setFirstPlace.run(0, 0, row.letter);
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

const placeOf = (row: Row): Place => ({
  mailbox: integer(row[0]) as MailboxId,
  uid: integer(row[1]) as Uid,
});
