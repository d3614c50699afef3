import type { AppendedLetter } from '../../imap/grammar/append.ts';
import type { Answers, Refusal } from '../../imap/questions.ts';
import { ok, refused, type Result } from '../../result.ts';
import type { Delivery, MailboxId } from '../../store/port.ts';
import { computedLetter } from '../computed-letter.ts';
import { contentHash, type Content } from '../reception.ts';
import type { Answering, Desk } from './desk.ts';

const mostKeywords = 100;

/** Whether the account may keep so much more. */
export const room: Answering<'room'> = async ({ sizeBytes }, { store, account }) => {
  const found = await store.quota(account);
  if (found === null) return refused('no-account');
  const { quota, usage } = found;
  const fits =
    usage.bytes + sizeBytes <= (quota.bytes ?? Infinity) && usage.letters < (quota.letters ?? Infinity);
  return fits ? ok(null) : refused('over-quota');
};

/** Keeps the letters of an APPEND, all or none; they came over no connection that a letter's record could tell of. */
export async function append(
  mailbox: number,
  letters: readonly AppendedLetter[],
  contents: readonly Content[],
  { store, account, now }: Desk,
): Promise<Result<Answers['append'], Refusal['why']>> {
  if (letters.some(({ keywords }) => keywords.length > mostKeywords)) return refused('too-many-keywords');
  const found = await store.mailbox(account, mailbox as MailboxId);
  if (found === null) return refused('no-mailbox');
  const deliveries: Delivery[] = [];
  for (const [index, { keywords, internalDate }] of letters.entries()) {
    const content = contents[index];
    if (content === undefined) throw new Error('an APPEND has more letters than came');
    const { chunks, sizeBytes } = content;
    const to = { account, forwardPath: '', prefix: new Uint8Array(), mailboxes: [found.id], keywords };
    deliveries.push({
      hash: contentHash(content),
      sizeBytes,
      chunks,
      ...(await computedLetter(chunks, [])).stored,
      transport: null,
      receivedAt: internalDate ?? now(),
      savedAt: now(),
      recipients: [to],
    });
  }
  const delivered = await store.deliver(...deliveries);
  if (!delivered.ok) return delivered;
  return ok({ uidValidity: found.uidValidity, uids: delivered.value.map(({ uid }) => uid) });
}
