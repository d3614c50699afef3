import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Delivery, LetterId, Placement, ThreadId } from '../port.ts';
import { ok, refused } from '../../result.ts';
import type { BlobRows } from './blob-rows.ts';
import { firstRow, integer } from './column.ts';
import {
  nextUid,
  type AccountNumbers,
  type ChangeNotes,
  type Ledger,
  type MailboxNumbers,
} from './ledger.ts';
import type { Place, PlacementRow, PlacementRows } from './placement-rows.ts';
import type { ThreadRows } from './thread-rows.ts';
import type { DeliveryWrite, Written } from './write.ts';

const COLUMNS = `size_bytes, served_bytes, thread, received_at, sent_at, prefix, omitted, forward_path, subject, from_text,
  message_id, transport, parsed`;
const INSERT = `INSERT INTO letter (id, account, mailbox, uid, blob, hash, created_mod_seq, ${COLUMNS})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const DUPLICATE = `INSERT INTO letter (id, account, mailbox, uid, blob, hash, created_mod_seq, ${COLUMNS})
  SELECT ?, account, 0, 0, blob, hash, ?, ${COLUMNS} FROM letter WHERE id = ?`;
const BLOB = 'SELECT blob FROM letter WHERE id = ?';
const SET_CREATED = 'UPDATE letter SET created_mod_seq = ? WHERE id = ?';

type Recipient = Delivery['recipients'][number];
/** A recipient with what the ledger knows: whose, and where to. */
type Addressee = {
  readonly recipient: Recipient;
  readonly numbers: AccountNumbers;
  readonly mailboxes: readonly MailboxNumbers[];
  readonly servedBytes: number;
};
type Addressed = { readonly delivery: DeliveryWrite; readonly addressees: readonly Addressee[] };

/** Whether the account may keep so much more. */
export const fits = (numbers: AccountNumbers, bytes: number, letters: number): boolean =>
  (numbers.quotaBytes === null || numbers.usedBytes + bytes <= numbers.quotaBytes) &&
  (numbers.quotaLetters === null || numbers.usedLetters + letters <= numbers.quotaLetters);

/** Letters as they come in: their rows, their threads, and their first places. */
export class LetterRows {
  readonly #ledger: Ledger;
  readonly #blobs: BlobRows;
  readonly #placements: PlacementRows;
  readonly #threads: ThreadRows;
  readonly #insert: StatementSync;
  readonly #duplicate: StatementSync;
  readonly #blob: StatementSync;
  readonly #setCreated: StatementSync;

  constructor(
    db: DatabaseSync,
    parts: { ledger: Ledger; blobs: BlobRows; placements: PlacementRows; threads: ThreadRows },
  ) {
    this.#ledger = parts.ledger;
    this.#blobs = parts.blobs;
    this.#placements = parts.placements;
    this.#threads = parts.threads;
    this.#insert = db.prepare(INSERT);
    this.#duplicate = db.prepare(DUPLICATE);
    this.#blob = db.prepare(BLOB, { returnArrays: true });
    this.#setCreated = db.prepare(SET_CREATED);
  }

  /** Keeps the letters for all their recipients; a refusal comes before the first change. */
  deliver(deliveries: readonly DeliveryWrite[], notes: ChangeNotes): Written<'deliver'> {
    const addressed: Addressed[] = [];
    for (const delivery of deliveries) {
      const addressees: Addressee[] = [];
      for (const recipient of delivery.recipients) {
        const found = this.#addressee(delivery, recipient);
        if (typeof found === 'string') return refused(found);
        addressees.push(found);
      }
      addressed.push({ delivery, addressees });
    }
    if (!allFit(addressed)) return refused('over-quota');
    const placements: Placement[] = [];
    for (const each of addressed) this.#keep(each, placements, notes);
    return ok(placements);
  }

  #addressee(delivery: DeliveryWrite, recipient: Recipient): Addressee | 'no-account' | 'no-mailbox' {
    const numbers = this.#ledger.account(recipient.account);
    if (numbers === null) return 'no-account';
    const mailboxes: MailboxNumbers[] = [];
    for (const id of recipient.mailboxes ?? [numbers.inbox]) {
      const mailbox = numbers.mailboxes.get(id);
      if (mailbox === undefined) return 'no-mailbox';
      mailboxes.push(mailbox);
    }
    return { recipient, numbers, mailboxes, servedBytes: recipient.prefix.length + delivery.keptBytes };
  }

  #keep({ delivery, addressees }: Addressed, placements: Placement[], notes: ChangeNotes): void {
    const blob = this.#blobs.keep(delivery, addressees.length);
    for (const addressee of addressees) {
      const { numbers, mailboxes, recipient, servedBytes } = addressee;
      const [first, ...others] = mailboxes;
      if (first === undefined) throw new Error('a recipient without a mailbox');
      const letter = this.#ledger.nextLetter();
      const modSeq = this.#ledger.raise(numbers);
      const thread = this.#threads.enter(numbers.account, letter, delivery.threadKeys);
      const uid = nextUid(numbers.account, first);
      this.#write(delivery, addressee, { letter, mailbox: first.id, uid, blob, thread, modSeq });
      numbers.usedBytes += servedBytes;
      numbers.usedLetters += 1;
      const { savedAt, receivedAt } = delivery;
      const keywords = recipient.keywords ?? [];
      const place = { letter, thread, modSeq, keywords, savedAt, receivedAt, servedBytes };
      placements.push(this.#placements.write(numbers, first, uid, place));
      for (const mailbox of others) placements.push(this.#placements.put(numbers, mailbox, place));
      for (const { id } of mailboxes) notes.note(numbers, id);
    }
  }

  #write(
    delivery: DeliveryWrite,
    { numbers, recipient, servedBytes }: Addressee,
    own: Place & { letter: LetterId; blob: number; thread: ThreadId; modSeq: bigint },
  ): void {
    const { subject, from, sentAt, messageId } = delivery.summary;
    const hash = Buffer.from(delivery.hash, 'hex');
    const where = [own.letter, numbers.account, own.mailbox, own.uid, own.blob, hash, own.modSeq] as const;
    const what = [delivery.sizeBytes, servedBytes, own.thread, delivery.receivedAt, sentAt] as const;
    const came = [recipient.prefix, delivery.omitted, recipient.forwardPath] as const;
    const about = [subject, from, messageId, delivery.transport, delivery.parsed] as const;
    this.#insert.run(...where, ...what, ...came, ...about);
  }

  /** Another letter with the same bytes, in the same thread, nowhere yet; the quota is the caller's question. */
  duplicate(numbers: AccountNumbers, row: PlacementRow, modSeq: bigint): LetterId {
    this.#blobs.addReference(integer(firstRow(this.#blob, row.letter)?.[0]));
    const letter = this.#ledger.nextLetter();
    this.#duplicate.run(letter, modSeq, row.letter);
    this.#threads.join(numbers.account, row.thread, letter);
    numbers.usedBytes += row.servedBytes;
    numbers.usedLetters += 1;
    return letter;
  }

  /** The letter is made anew, as far as those can tell who ask what changed. */
  setCreated(letter: LetterId, modSeq: bigint): void {
    this.#setCreated.run(modSeq, letter);
  }
}

function allFit(addressed: readonly Addressed[]): boolean {
  const added = new Map<AccountNumbers, { bytes: number; letters: number }>();
  for (const { addressees } of addressed)
    for (const { numbers, servedBytes } of addressees) {
      if (numbers.quotaBytes === null && numbers.quotaLetters === null) continue;
      const sum = added.get(numbers) ?? { bytes: 0, letters: 0 };
      added.set(numbers, { bytes: sum.bytes + servedBytes, letters: sum.letters + 1 });
    }
  return [...added].every(([numbers, { bytes, letters }]) => fits(numbers, bytes, letters));
}
