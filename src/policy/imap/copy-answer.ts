import { ok, refused } from '../../result.ts';
import type { MailboxId, Uid } from '../../store/port.ts';
import type { Answering } from './desk.ts';

/**
 * Puts letters into another mailbox, as copies or to stay there alone.
 * Deviation: a copy is not deleted where its original is (RFC 9051 section 6.4.7 asks for the same flags): who copies a letter
 * that is to go wants to keep it.
 * Deviation: a copy in a mailbox that has the letter already has another EMAILID (RFC 8474 section 5.1 asks for the same): a
 * letter is in a mailbox once (RFC 8621 section 2), so such a copy is a letter of its own.
 */
export const copy: Answering<'copy'> = async (question, { store, account, now }) => {
  const from = question.mailbox as MailboxId;
  const to = question.to as MailboxId;
  const uids = question.uids as readonly Uid[];
  const target = await store.mailbox(account, to);
  if (target === null) return refused('no-mailbox');
  const copied =
    question.how === 'copy'
      ? await store.copy(account, from, uids, to, now())
      : await store.move(account, from, uids, to, now());
  if (!copied.ok) return copied;
  return ok({
    uidValidity: target.uidValidity,
    from: copied.value.map((one) => one.from),
    to: copied.value.map((one) => one.to),
  });
};
