import type { MailboxEntry } from '../../imap/mailboxes.ts';
import { rangesOf, type NumberRange } from '../../imap/number-set.ts';
import { ok, refused } from '../../result.ts';
import type { Mailbox, MailboxId, ModSeq } from '../../store/port.ts';
import type { Answering } from './desk.ts';
import { pathsOf } from './paths.ts';

/** Every mailbox of the account, by path. */
export const mailboxes: Answering<'mailboxes'> = async (_, { store, account }) => {
  const all = await store.mailboxes(account);
  const paths = pathsOf(all);
  const entries = all.map((mailbox) => entryOf(mailbox, paths.get(mailbox.id) ?? mailbox.name));
  entries.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
  return entries.length === 0
    ? refused('no-account')
    : ok({ mailboxes: entries, lost: await store.lostSubscriptions(account) });
};

/** The mailbox as it is now. What changes while it is read is told again, and nothing is missed. */
export const open: Answering<'open'> = async ({ mailbox }, { store, account }) => {
  const id = mailbox as MailboxId;
  const upTo = await store.modSeq(account);
  const found = await store.mailbox(account, id);
  if (upTo === null) return refused('no-account');
  if (found === null) return refused('no-mailbox');
  const all = await store.uids(account, id);
  // What came behind `found` is told when the next changes are.
  let count = all.length;
  while ((all[count - 1] ?? 0) >= found.uidNext) count -= 1;
  return ok({ ...entryOf(found, found.name), uids: all.subarray(0, count), upTo });
};

/** What changed in a mailbox; nothing more is read where nothing did. */
export const changes: Answering<'changes'> = async ({ mailbox, since }, { store, account }) => {
  const id = mailbox as MailboxId;
  const upTo = await store.modSeq(account);
  const found = await store.mailbox(account, id);
  if (upTo === null) return refused('no-account');
  if (found === null) return refused('no-mailbox');
  if (found.highestModSeq <= since) return ok({ changed: [], vanished: [], upTo });
  const gone = await store.vanishedSince(account, id, since as ModSeq);
  // What left so long ago is forgotten: then it is everything that is not there (RFC 7162 section 3.2.5.1).
  const vanished = gone.ok ? rangesOf(gone.value) : missing(await store.uids(account, id), found.uidNext);
  const changed = await store.placed({ account, mailbox: id, changedSince: since as ModSeq });
  return ok({ changed, vanished, upTo });
};

/** The uids below `uidNext` that are not among these, which rise. */
function missing(uids: Uint32Array, uidNext: number): readonly NumberRange[] {
  const ranges: NumberRange[] = [];
  let next = 1;
  for (const uid of uids) {
    if (uid > next) ranges.push({ from: next, to: uid - 1 });
    next = uid + 1;
  }
  return next < uidNext ? [...ranges, { from: next, to: uidNext - 1 }] : ranges;
}

const entryOf = (mailbox: Mailbox, path: string): MailboxEntry => ({ ...mailbox, path });
