import type { Arrangement, Copied, Keywords, MailboxId, ModSeq } from '../port.ts';
import { ok, refused, type Result } from '../../result.ts';
import { StoreFault } from '../fault.ts';
import { arrangedKeywords, changedKeywords, DELETED, MAX_KEYWORDS, sameKeywords } from '../keywords.ts';
import type { AccountNumbers, ChangeNotes, Ledger, MailboxNumbers } from './ledger.ts';
import { fits, type LetterRows } from './letter-rows.ts';
import type { PlacementRow, PlacementRows } from './placement-rows.ts';
import { mailboxOf } from './removal-rows.ts';
import type { WriteOf, Written } from './write.ts';

/** What is said of letters, and which mailboxes they are in. */
export class ArrangementRows {
  readonly #ledger: Ledger;
  readonly #placements: PlacementRows;
  readonly #letters: LetterRows;

  constructor(parts: { ledger: Ledger; placements: PlacementRows; letters: LetterRows }) {
    this.#ledger = parts.ledger;
    this.#placements = parts.placements;
    this.#letters = parts.letters;
  }

  setKeywords(write: WriteOf<'set-keywords'>, notes: ChangeNotes): Written<'set-keywords'> {
    const numbers = this.#ledger.account(write.account);
    const mailbox = numbers?.mailboxes.get(write.mailbox);
    if (!numbers || mailbox === undefined) return refused('no-mailbox');
    const present = this.#placements.present(write.account, write.mailbox, write.uids);
    const { unchangedSince } = write;
    const isModified = ({ modSeq }: PlacementRow): boolean =>
      unchangedSince !== null && modSeq > unchangedSince;
    const wanted = present
      .filter((row) => !isModified(row))
      .map((row) => ({ row, keywords: changedKeywords(row.keywords, write.change) }))
      .filter(({ row, keywords }) => !sameKeywords(row.keywords, keywords));
    if (wanted.some(({ keywords }) => keywords.length > MAX_KEYWORDS)) return refused('too-many');
    const changed = wanted.map(({ row, keywords }) => {
      const modSeq = this.#ledger.raise(numbers);
      this.#placements.mark(numbers, mailbox, row, { modSeq, keywords });
      notes.note(numbers, mailbox.id);
      return { uid: row.uid, modSeq: modSeq as ModSeq, keywords };
    });
    return ok({ changed, modified: present.filter(isModified).map(({ uid }) => uid) });
  }

  copy(write: WriteOf<'copy'>, notes: ChangeNotes): Written<'copy'> {
    const between = this.#between(write);
    if (between === null) return refused('no-mailbox');
    const { numbers, to, rows } = between;
    const doubles = rows.filter(({ letter }) => this.#placements.isIn(write.account, letter, write.to));
    const bytes = doubles.reduce((sum, { servedBytes }) => sum + servedBytes, 0);
    if (doubles.length > 0 && !fits(numbers, bytes, doubles.length)) return refused('over-quota');
    return ok(rows.map((row) => this.#copyOne(numbers, to, row, write.at, notes)));
  }

  move(write: WriteOf<'move'>, notes: ChangeNotes): Written<'move'> {
    const between = this.#between(write);
    if (between === null) return refused('no-mailbox');
    const { numbers, from, to, rows } = between;
    return ok(
      rows.map((row) => {
        const modSeq = this.#ledger.raise(numbers);
        this.#placements.take(numbers, from, row, { modSeq, at: write.at });
        notes.note(numbers, from.id);
        return this.#put(numbers, to, row, { modSeq, at: write.at }, notes);
      }),
    );
  }

  #between(write: WriteOf<'copy' | 'move'>): {
    readonly numbers: AccountNumbers;
    readonly from: MailboxNumbers;
    readonly to: MailboxNumbers;
    readonly rows: readonly PlacementRow[];
  } | null {
    const numbers = this.#ledger.account(write.account);
    const from = numbers?.mailboxes.get(write.from);
    const to = numbers?.mailboxes.get(write.to);
    if (!numbers || from === undefined || to === undefined) return null;
    return { numbers, from, to, rows: this.#placements.present(write.account, write.from, write.uids) };
  }

  #copyOne(
    numbers: AccountNumbers,
    to: MailboxNumbers,
    row: PlacementRow,
    at: number,
    notes: ChangeNotes,
  ): Copied {
    return this.#put(numbers, to, row, { modSeq: this.#ledger.raise(numbers), at }, notes);
  }

  /** Puts the letter of the row into the mailbox; where it is in it already, a duplicate of it. */
  #put(
    numbers: AccountNumbers,
    to: MailboxNumbers,
    row: PlacementRow,
    { modSeq, at }: { readonly modSeq: bigint; readonly at: number },
    notes: ChangeNotes,
  ): Copied {
    const letter = this.#placements.isIn(numbers.account, row.letter, to.id)
      ? this.#letters.duplicate(numbers, row, modSeq)
      : row.letter;
    const keywords = withoutDeleted(row.keywords);
    const { uid } = this.#placements.put(numbers, to, { ...row, letter, keywords, modSeq, savedAt: at });
    notes.note(numbers, to.id);
    return { from: row.uid, to: uid, letter };
  }

  arrange(write: WriteOf<'arrange'>, notes: ChangeNotes): Written<'arrange'> {
    const numbers = this.#ledger.account(write.account);
    return write.arrangements.map((arrangement) =>
      numbers === null ? refused('no-letter') : this.#arrangeOne(numbers, arrangement, write.at, notes),
    );
  }

  #arrangeOne(
    numbers: AccountNumbers,
    { letter, mailboxes, keywords: change }: Arrangement,
    at: number,
    notes: ChangeNotes,
  ): Result<null, 'no-letter' | 'no-mailbox' | 'too-many'> {
    if (mailboxes?.length === 0) throw new StoreFault(`letter ${letter} is to be in no mailbox`);
    const places = this.#placements.places(numbers.account, letter);
    const [first] = places;
    if (first === undefined) return refused('no-letter');
    if (mailboxes?.some((id) => !numbers.mailboxes.has(id))) return refused('no-mailbox');
    const after = (keywords: Keywords): Keywords =>
      change === undefined ? keywords : arrangedKeywords(keywords, change);
    const wanted = new Set(mailboxes ?? places.map(({ mailbox }) => mailbox));
    const stay = places.filter(({ mailbox }) => wanted.has(mailbox));
    const leave = places.filter(({ mailbox }) => !wanted.has(mailbox));
    const marked = stay.filter(({ keywords }) => !sameKeywords(keywords, after(keywords)));
    const come = [...wanted]
      .filter((id) => !places.some(({ mailbox }) => mailbox === id))
      .sort((a, b) => a - b);
    const fresh = after(withoutDeleted(first.keywords));
    const told = [...come.map(() => fresh), ...marked.map(({ keywords }) => after(keywords))];
    if (told.some(({ length }) => length > MAX_KEYWORDS)) return refused('too-many');
    if (leave.length + marked.length + come.length === 0) return ok(null);
    const modSeq = this.#ledger.raise(numbers);
    const note = (id: MailboxId): MailboxNumbers => {
      notes.note(numbers, id);
      return mailboxOf(numbers, id);
    };
    for (const row of marked)
      this.#placements.mark(numbers, note(row.mailbox), row, { modSeq, keywords: after(row.keywords) });
    for (const id of come)
      this.#placements.put(numbers, note(id), { ...first, keywords: fresh, modSeq, savedAt: at });
    for (const row of leave) this.#placements.take(numbers, note(row.mailbox), row, { modSeq, at });
    return ok(null);
  }
}

const withoutDeleted = (keywords: Keywords): Keywords => keywords.filter((keyword) => keyword !== DELETED);
