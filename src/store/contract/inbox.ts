import { inboxLetters } from '../inbox.ts';
import type { AccountId, Letter, Store } from '../port.ts';

/** The letters of the account's INBOX, newest first. */
export const lettersInInbox = async (store: Store, account: AccountId): Promise<readonly Letter[]> =>
  (await inboxLetters(store, account, { count: 1_000_000, before: null })).map(({ letter }) => letter);
