import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AccountId, Keywords, LetterId, MailboxId, ModSeq, Placement, ThreadId } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { DELETED } from '../keywords.ts';
import { firstRow, integer, text } from './column.ts';
import { fromKeywordColumns, toKeywordColumns } from './keyword-columns.ts';
import type { AccountNumbers, ChangeNotes, Ledger, MailboxNumbers } from './ledger.ts';
import { fits, type LetterRows } from './letter-rows.ts';
import type { PlacementRow, PlacementRows } from './placement-rows.ts';
import type { WriteOf, Written } from './write.ts';

const REMEMBER = `INSERT INTO removed_letter (account, letter, mailbox, flags, keywords, at)
  VALUES (?, ?, ?, ?, ?, ?)`;
const FIND = `SELECT r.mailbox, r.flags, r.keywords, l.thread, l.received_at, l.served_bytes
  FROM removed_letter r JOIN letter l ON l.id = r.letter WHERE r.account = ? AND r.letter = ?`;
const RECALL = 'DELETE FROM removed_letter WHERE account = ? AND letter = ?';
const INSERT_GONE = 'INSERT INTO gone (account, kind, mod_seq, name, at) VALUES (?, ?, ?, ?, ?)';

type Removed = {
  readonly letter: LetterId;
  readonly mailbox: MailboxId;
  readonly keywords: Keywords;
  readonly thread: ThreadId;
  readonly receivedAt: number;
  readonly servedBytes: number;
};

/** How letters leave, and come back. A letter that is in no mailbox any more is kept until `tidy` lets go of it. */
export class RemovalRows {
  readonly #ledger: Ledger;
  readonly #placements: PlacementRows;
  readonly #letters: LetterRows;
  readonly #remember: StatementSync;
  readonly #find: StatementSync;
  readonly #recall: StatementSync;
  readonly #insertGone: StatementSync;

  constructor(db: DatabaseSync, parts: { ledger: Ledger; placements: PlacementRows; letters: LetterRows }) {
    this.#ledger = parts.ledger;
    this.#placements = parts.placements;
    this.#letters = parts.letters;
    this.#remember = db.prepare(REMEMBER);
    this.#find = db.prepare(FIND, { returnArrays: true });
    this.#recall = db.prepare(RECALL);
    this.#insertGone = db.prepare(INSERT_GONE);
  }

  expunge(write: WriteOf<'expunge'>, notes: ChangeNotes): Written<'expunge'> {
    const numbers = this.#ledger.account(write.account);
    const mailbox = numbers?.mailboxes.get(write.mailbox);
    if (!numbers || mailbox === undefined) return refused('no-mailbox');
    const present = this.#placements.present(write.account, write.mailbox, write.uids);
    const wanted =
      write.which === 'any' ? present : present.filter(({ keywords }) => keywords.includes(DELETED));
    this.removePlaces(numbers, mailbox, wanted, write.at, notes);
    return ok({ uids: wanted.map(({ uid }) => uid), modSeq: mailbox.highestModSeq as ModSeq });
  }

  /** Takes each of the letters out of the mailbox. */
  removePlaces(
    numbers: AccountNumbers,
    mailbox: MailboxNumbers,
    rows: readonly PlacementRow[],
    at: number,
    notes: ChangeNotes,
  ): void {
    for (const row of rows) {
      const modSeq = this.#ledger.raise(numbers);
      this.#placements.take(numbers, mailbox, row, { modSeq, at });
      if (!this.#placements.isAnywhere(numbers.account, row.letter)) this.#bury(numbers, row, modSeq, at);
      notes.note(numbers, mailbox.id);
    }
  }

  removeLetters(write: WriteOf<'remove-letters'>, notes: ChangeNotes): Written<'remove-letters'> {
    const numbers = this.#ledger.account(write.account);
    if (numbers === null) return [];
    const removed: LetterId[] = [];
    for (const letter of new Set(write.letters)) {
      const places = this.#placements.places(write.account, letter);
      const last = places.at(-1);
      if (last === undefined) continue;
      const modSeq = this.#ledger.raise(numbers);
      for (const place of places) {
        const mailbox = mailboxOf(numbers, place.mailbox);
        this.#placements.take(numbers, mailbox, place, { modSeq, at: write.at });
        notes.note(numbers, mailbox.id);
      }
      this.#bury(numbers, last, modSeq, write.at);
      removed.push(letter);
    }
    return removed;
  }

  /** The letter is in no mailbox any more; `row` is the place that it left last. */
  #bury(numbers: AccountNumbers, row: PlacementRow, modSeq: bigint, at: number): void {
    const { account } = numbers;
    const { flags, keywords } = toKeywordColumns(row.keywords);
    this.#remember.run(account, row.letter, row.mailbox, flags, keywords, at);
    this.#insertGone.run(account, 'letter', modSeq, String(row.letter), at);
    this.#insertGone.run(account, 'thread', modSeq, String(row.thread), at);
    numbers.usedBytes -= row.servedBytes;
    numbers.usedLetters -= 1;
  }

  /** Something else than a letter is gone. */
  noteGone(account: AccountId, kind: string, name: string, modSeq: bigint, at: number): void {
    this.#insertGone.run(account, kind, modSeq, name, at);
  }

  undelete(write: WriteOf<'undelete'>, notes: ChangeNotes): Written<'undelete'> {
    const numbers = this.#ledger.account(write.account);
    if (numbers === null) return ok([]);
    const found = [...new Set(write.letters)].flatMap((letter) => this.#removed(write.account, letter) ?? []);
    const bytes = found.reduce((sum, { servedBytes }) => sum + servedBytes, 0);
    if (found.length > 0 && !fits(numbers, bytes, found.length)) return refused('over-quota');
    return ok(found.map((removed) => this.#putBack(numbers, removed, write.at, notes)));
  }

  #removed(account: AccountId, letter: LetterId): Removed | null {
    const row = firstRow(this.#find, account, letter);
    if (row === undefined) return null;
    return {
      letter,
      mailbox: integer(row[0]) as MailboxId,
      keywords: fromKeywordColumns(integer(row[1]), text(row[2])),
      thread: integer(row[3]) as ThreadId,
      receivedAt: integer(row[4]),
      servedBytes: integer(row[5]),
    };
  }

  #putBack(numbers: AccountNumbers, removed: Removed, at: number, notes: ChangeNotes): Placement {
    const modSeq = this.#ledger.raise(numbers);
    const mailbox = numbers.mailboxes.get(removed.mailbox) ?? mailboxOf(numbers, numbers.inbox);
    const keywords = removed.keywords.filter((keyword) => keyword !== DELETED);
    this.#recall.run(numbers.account, removed.letter);
    this.#letters.setCreated(removed.letter, modSeq);
    numbers.usedBytes += removed.servedBytes;
    numbers.usedLetters += 1;
    notes.note(numbers, mailbox.id);
    return this.#placements.put(numbers, mailbox, { ...removed, keywords, modSeq, savedAt: at });
  }
}

/** The mailbox of the account that a row names. */
export function mailboxOf(numbers: AccountNumbers, mailbox: MailboxId): MailboxNumbers {
  const found = numbers.mailboxes.get(mailbox);
  if (found === undefined) throw new Error(`account ${numbers.account} has no mailbox ${mailbox}`);
  return found;
}
