import type { MailboxEntry } from '../../imap/mailboxes.ts';
import { ok, refused } from '../../result.ts';
import type { Mailbox, MailboxId, ModSeq } from '../../store/port.ts';
import type { Answering } from './desk.ts';
import { pathOf } from './paths.ts';

/** Every mailbox of the account, by path. */
export const mailboxes: Answering<'mailboxes'> = async (_, { store, account }) => {
  const all = await store.mailboxes(account);
  const entries = all.map((mailbox) => entryOf(mailbox, pathOf(mailbox, all)));
  entries.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
  return entries.length === 0
    ? refused('no-account')
    : ok({ mailboxes: entries, lost: await store.lostSubscriptions(account) });
};

/** The mailbox as it is now. What changes while it is read is told again, and nothing is missed. */
export const open: Answering<'open'> = async ({ mailbox }, { store, account }) => {
  const id = mailbox as MailboxId;
  const upTo = await store.modSeq(account);
  if (upTo === null) return refused('no-account');
  const uids = await store.uids(account, id);
  const found = await store.mailbox(account, id);
  return found === null ? refused('no-mailbox') : ok({ ...entryOf(found, found.name), uids, upTo });
};

/** What changed in a mailbox; nothing more is read where nothing did. */
export const changes: Answering<'changes'> = async ({ mailbox, since }, { store, account }) => {
  const id = mailbox as MailboxId;
  const upTo = await store.modSeq(account);
  const found = await store.mailbox(account, id);
  if (upTo === null) return refused('no-account');
  if (found === null) return refused('no-mailbox');
  if (found.highestModSeq <= since) return ok({ changed: [], vanished: [], upTo });
  const vanished = await store.vanishedSince(account, id, since as ModSeq);
  // What left so long ago is forgotten; nobody stays that long without a word.
  if (!vanished.ok) return refused('no-mailbox');
  const changed = await store.placed({ account, mailbox: id, changedSince: since as ModSeq });
  return ok({ changed, vanished: vanished.value, upTo });
};

const entryOf = (mailbox: Mailbox, path: string): MailboxEntry => ({ ...mailbox, path });
