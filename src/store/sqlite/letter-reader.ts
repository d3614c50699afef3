import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  AccountId,
  BlobHash,
  Letter,
  LetterId,
  LetterQuery,
  MailboxId,
  ModSeq,
  ParsedPlacedLetter,
  PlacedLetter,
  PlacedQuery,
  RangeQuery,
  RemovedLetter,
  ThreadId,
  Uid,
} from '../port.ts';
import type { TransportRecord } from '../../passport/record.ts';
import { checkCount, MAX_UID } from '../rules.ts';
import { allRows, bigInteger, bytes, firstRow, integer, text, type Row } from './column.ts';
import { fromKeywordColumns } from './keyword-columns.ts';
import { parseOmitted } from './omitted-column.ts';

const IS_PLACED = '(l.mailbox <> 0 OR EXISTS (SELECT 1 FROM further_place f WHERE f.letter = l.id))';
const LETTER = `SELECT l.id, l.thread, l.created_mod_seq, l.hash, l.size_bytes, l.prefix, l.omitted, l.forward_path, l.subject,
  l.from_text, l.sent_at, l.message_id, l.parsed, l.transport, l.received_at FROM letter l
  WHERE l.id = ? AND l.account = ? AND ${IS_PLACED}`;
/** What is read of a place. */
export const PLACED_COLUMNS = `mailbox, uid, letter, thread, mod_seq, flags, keywords, saved_at, received_at, served_bytes`;
/** As one text: row by row a hundred thousand take five times as long. */
const UIDS = `SELECT json_group_array(uid) FROM (SELECT uid FROM placement WHERE account = ? AND mailbox = ? ORDER BY uid)`;
const PLACED = `SELECT ${PLACED_COLUMNS} FROM placement WHERE account = ? AND mailbox = ? AND uid BETWEEN ? AND ?
  ORDER BY uid LIMIT ?`;
const PLACED_LAST = `SELECT ${PLACED_COLUMNS} FROM placement WHERE account = ? AND mailbox = ? AND uid BETWEEN ? AND ?
  ORDER BY uid DESC LIMIT ?`;
/**
 * Letters that were never changed have modification sequences in the order of their uids: the last one that is old enough
 * ends the search for new ones. The others stand in an index.
 */
const LAST_KNOWN = `SELECT uid FROM placement WHERE account = ? AND mailbox = ? AND changed = 0 AND mod_seq <= ?
  ORDER BY uid DESC LIMIT 1`;
const CHANGED = `SELECT ${PLACED_COLUMNS} FROM placement WHERE account = ?1 AND mailbox = ?2 AND uid > ?3 AND mod_seq > ?4
  AND uid BETWEEN ?5 AND ?6
  UNION SELECT ${PLACED_COLUMNS} FROM placement INDEXED BY placement_changed WHERE account = ?1 AND mailbox = ?2 AND changed = 1
  AND mod_seq > ?4 AND uid BETWEEN ?5 AND ?6 ORDER BY uid`;
const PLACED_PARSED = `SELECT p.mailbox, p.uid, p.letter, p.thread, p.mod_seq, p.flags, p.keywords, p.saved_at, p.received_at,
  p.served_bytes, l.parsed, l.prefix, l.omitted FROM placement p CROSS JOIN letter l ON l.id = p.letter
  WHERE p.account = ? AND p.mailbox = ? AND p.uid BETWEEN ? AND ? ORDER BY p.uid LIMIT ?`;
/** The letter says where it lies. A row value in a list would be looked for in the whole table. */
const PLACES = `SELECT ${PLACED_COLUMNS.split(', ')
  .map((column) => `p.${column}`)
  .join(', ')} FROM (SELECT mailbox, uid FROM letter WHERE id = ?1 AND account = ?2
  UNION ALL SELECT mailbox, uid FROM further_place WHERE letter = ?1) w
  CROSS JOIN placement p ON p.account = ?2 AND p.mailbox = w.mailbox AND p.uid = w.uid AND p.letter = ?1 ORDER BY p.mailbox`;
const THREAD = `SELECT l.id FROM letter l WHERE l.account = ?1 AND l.thread = ?2 AND ${IS_PLACED}
  AND l.id IN (SELECT letter FROM thread_letter WHERE account = ?1 AND thread = ?2 UNION ALL SELECT ?2)
  ORDER BY l.received_at, l.id`;
const REMOVED = `SELECT r.letter, r.mailbox, r.flags, r.keywords, r.at, l.subject, l.from_text, l.sent_at, l.message_id,
  l.size_bytes FROM removed_letter r JOIN letter l ON l.id = r.letter
  WHERE r.account = ? AND r.letter < ? ORDER BY r.letter DESC LIMIT ?`;

const letterOf = (row: Row): Letter => ({
  id: integer(row[0]) as LetterId,
  thread: integer(row[1]) as ThreadId,
  createdModSeq: bigInteger(row[2]) as ModSeq,
  hash: Buffer.from(bytes(row[3])).toString('hex') as BlobHash,
  sizeBytes: integer(row[4]),
  prefix: bytes(row[5]),
  omitted: row[6] === null ? [] : parseOmitted(text(row[6])),
  forwardPath: text(row[7]),
  summary: summaryOf(row, 8),
  parsed: row[12] === null ? null : bytes(row[12]),
  transport: JSON.parse(text(row[13])) as TransportRecord | null,
  receivedAt: integer(row[14]),
});

const summaryOf = (row: Row, at: number): Letter['summary'] => ({
  subject: text(row[at]),
  from: text(row[at + 1]),
  sentAt: row[at + 2] === null ? null : integer(row[at + 2]),
  messageId: row[at + 3] === null ? null : text(row[at + 3]),
});

const placedOf = (row: Row): PlacedLetter => ({
  mailbox: integer(row[0]) as MailboxId,
  uid: integer(row[1]) as Uid,
  letter: integer(row[2]) as LetterId,
  thread: integer(row[3]) as ThreadId,
  modSeq: bigInteger(row[4]) as ModSeq,
  keywords: fromKeywordColumns(integer(row[5]), text(row[6])),
  savedAt: integer(row[7]),
  receivedAt: integer(row[8]),
  servedBytes: integer(row[9]),
});

const parsedOf = (row: Row): ParsedPlacedLetter => ({
  ...placedOf(row),
  parsed: row[10] === null ? null : bytes(row[10]),
  prefix: bytes(row[11]),
  omitted: row[12] === null ? [] : parseOmitted(text(row[12])),
});

const removedOf = (row: Row): RemovedLetter => ({
  letter: integer(row[0]) as LetterId,
  mailbox: integer(row[1]) as MailboxId,
  keywords: fromKeywordColumns(integer(row[2]), text(row[3])),
  removedAt: integer(row[4]),
  summary: summaryOf(row, 5),
  sizeBytes: integer(row[9]),
});

/** No limit, as SQLite has it. */
const ALL = -1;

/** The letters and their places, as they are read. The account is there. */
export class LetterReader {
  readonly #letter: StatementSync;
  readonly #uids: StatementSync;
  readonly #placed: StatementSync;
  readonly #placedParsed: StatementSync;
  readonly #placedLast: StatementSync;
  readonly #lastKnown: StatementSync;
  readonly #changed: StatementSync;
  readonly #places: StatementSync;
  readonly #thread: StatementSync;
  readonly #removed: StatementSync;

  constructor(db: DatabaseSync) {
    const wide = { readBigInts: true, returnArrays: true };
    this.#letter = db.prepare(LETTER, wide);
    this.#uids = db.prepare(UIDS, { returnArrays: true });
    this.#placed = db.prepare(PLACED, wide);
    this.#placedParsed = db.prepare(PLACED_PARSED, wide);
    this.#placedLast = db.prepare(PLACED_LAST, wide);
    this.#lastKnown = db.prepare(LAST_KNOWN, { returnArrays: true });
    this.#changed = db.prepare(CHANGED, wide);
    this.#places = db.prepare(PLACES, wide);
    this.#thread = db.prepare(THREAD, { returnArrays: true });
    this.#removed = db.prepare(REMOVED, { returnArrays: true });
  }

  letter(account: AccountId, letter: LetterId): Letter | null {
    const row = firstRow(this.#letter, letter, account);
    return row === undefined ? null : letterOf(row);
  }

  lettersById(account: AccountId, letters: readonly LetterId[]): readonly Letter[] {
    return [...new Set(letters)].flatMap((letter) => this.letter(account, letter) ?? []);
  }

  uids(account: AccountId, mailbox: MailboxId): Uint32Array {
    return Uint32Array.from(
      JSON.parse(text(firstRow(this.#uids, account, mailbox)?.[0])) as readonly number[],
    );
  }

  placed(query: PlacedQuery): readonly PlacedLetter[] {
    const { account, mailbox, from = 1, to = MAX_UID, changedSince, count, order } = query;
    if (count !== undefined) checkCount(count);
    const statement = order === 'descending' ? this.#placedLast : this.#placed;
    if (changedSince === undefined)
      return allRows(statement, account, mailbox, from, to, count ?? ALL).map(placedOf);
    const known = firstRow(this.#lastKnown, account, mailbox, changedSince);
    const last = known === undefined ? 0 : integer(known[0]);
    const rows = allRows(this.#changed, account, mailbox, last, changedSince, from, to).map(placedOf);
    return (order === 'descending' ? rows.toReversed() : rows).slice(0, count);
  }

  placedParsed(query: RangeQuery): readonly ParsedPlacedLetter[] {
    const { account, mailbox, from = 1, to = MAX_UID, count } = query;
    if (count !== undefined) checkCount(count);
    return allRows(this.#placedParsed, account, mailbox, from, to, count ?? ALL).map(parsedOf);
  }

  placesOf(account: AccountId, letters: readonly LetterId[]): readonly PlacedLetter[] {
    const ordered = [...new Set(letters)].sort((one, other) => one - other);
    return ordered.flatMap((letter) => allRows(this.#places, letter, account).map(placedOf));
  }

  thread(account: AccountId, thread: ThreadId): readonly LetterId[] {
    return allRows(this.#thread, account, thread).map((row) => integer(row[0]) as LetterId);
  }

  removedLetters({ account, before, count }: LetterQuery): readonly RemovedLetter[] {
    checkCount(count);
    return allRows(this.#removed, account, before ?? Number.MAX_SAFE_INTEGER, count).map(removedOf);
  }
}
