import { ok, refused } from '../../result.ts';
import { MAX_MAILBOXES } from '../../store/port.ts';
import type { Answering } from './desk.ts';

/** What the account has and may have. */
export const quota: Answering<'quota'> = async (_, { store, account }) => {
  const found = await store.quota(account);
  if (found === null) return refused('no-account');
  const mailboxes = await store.mailboxes(account);
  const { quota: bounds, usage } = found;
  return ok({
    octets: { used: usage.bytes, limit: bounds.bytes },
    letters: { used: usage.letters, limit: bounds.letters },
    mailboxes: { used: mailboxes.length, limit: MAX_MAILBOXES },
  });
};
