import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Delivery, LetterId, Placement, ThreadId } from '../port.ts';
import { ok, refused } from '../../result.ts';
import type { BlobRows } from './blob-rows.ts';
import { firstRow } from './column.ts';
import type { AccountNumbers, ChangeNotes, Ledger, MailboxNumbers } from './ledger.ts';
import type { PlacementRow, PlacementRows } from './placement-rows.ts';
import type { ThreadRows } from './thread-rows.ts';
import type { DeliveryWrite, Written } from './write.ts';

const INSERT = `INSERT INTO letter (account, id, blob, hash, size_bytes, prefix, forward_path, subject, from_text, sent_at,
  message_id, transport, received_at, omitted, thread, created_mod_seq, served_bytes, parsed)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const DUPLICATE = `INSERT INTO letter (account, id, blob, hash, size_bytes, prefix, forward_path, subject, from_text, sent_at,
  message_id, transport, received_at, omitted, thread, created_mod_seq, served_bytes, parsed)
  SELECT account, ?, blob, hash, size_bytes, prefix, forward_path, subject, from_text, sent_at, message_id, transport,
  received_at, omitted, thread, ?, served_bytes, parsed FROM letter WHERE row = ?`;
const HASH = 'SELECT hash FROM letter WHERE row = ?';
const SET_CREATED = 'UPDATE letter SET created_mod_seq = ? WHERE row = ?';

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
  readonly #hash: StatementSync;
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
    this.#hash = db.prepare(HASH, { returnArrays: true });
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
    const key = Buffer.from(delivery.hash, 'hex');
    const accounts = addressees.map(({ numbers }) => numbers.account);
    const blob = this.#blobs.keep({ ...delivery, key }, accounts);
    for (const addressee of addressees) {
      const { numbers, mailboxes, recipient, servedBytes } = addressee;
      const letter = this.#ledger.nextLetter(numbers);
      const modSeq = this.#ledger.raise(numbers);
      const thread = this.#threads.enter(numbers.account, letter, delivery.threadKeys);
      const letterRow = this.#write(delivery, addressee, { letter, blob, key, thread, modSeq });
      numbers.usedBytes += servedBytes;
      numbers.usedLetters += 1;
      const { receivedAt } = delivery;
      const keywords = recipient.keywords ?? [];
      const place = {
        letter,
        letterRow,
        thread,
        modSeq,
        keywords,
        savedAt: receivedAt,
        receivedAt,
        servedBytes,
      };
      for (const mailbox of mailboxes) {
        placements.push(this.#placements.put(numbers, mailbox, place));
        notes.note(numbers, mailbox.id);
      }
    }
  }

  #write(
    delivery: DeliveryWrite,
    { numbers, recipient, servedBytes }: Addressee,
    own: { letter: LetterId; blob: number; key: Uint8Array; thread: ThreadId; modSeq: bigint },
  ): number | bigint {
    const { subject, from, sentAt, messageId } = delivery.summary;
    const what = [numbers.account, own.letter, own.blob, own.key, delivery.sizeBytes] as const;
    const about = [recipient.prefix, recipient.forwardPath, subject, from, sentAt, messageId] as const;
    const came = [delivery.transport, delivery.receivedAt, delivery.omitted] as const;
    const computed = [own.thread, own.modSeq, servedBytes, delivery.parsed] as const;
    return this.#insert.run(...what, ...about, ...came, ...computed).lastInsertRowid;
  }

  /** Another letter with the same bytes, in the same thread; the quota is the caller's question. */
  duplicate(
    numbers: AccountNumbers,
    row: PlacementRow,
    modSeq: bigint,
  ): { readonly letter: LetterId; readonly letterRow: number | bigint } {
    const key = firstRow(this.#hash, row.letterRow)?.[0];
    if (!(key instanceof Uint8Array)) throw new Error(`letter ${row.letter} has no row`);
    this.#blobs.addReference(key, numbers.account);
    const letter = this.#ledger.nextLetter(numbers);
    const letterRow = this.#duplicate.run(letter, modSeq, row.letterRow).lastInsertRowid;
    this.#threads.join(numbers.account, row.thread, letter);
    numbers.usedBytes += row.servedBytes;
    numbers.usedLetters += 1;
    return { letter, letterRow };
  }

  /** The letter is made anew, as far as those can tell who ask what changed. */
  setCreated(letterRow: number | bigint, modSeq: bigint): void {
    this.#setCreated.run(modSeq, letterRow);
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
