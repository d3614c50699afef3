import type { AccountId, Letter, Store, Uid } from './port.ts';

/** A letter of INBOX, and what it is called there. */
export type InboxLetter = { readonly uid: Uid; readonly letter: Letter };

/** The newest letters of the account's INBOX, newest first; `before` continues after the last letter of the page before. */
export async function inboxLetters(
  store: Pick<Store, 'mailboxes' | 'placed' | 'lettersById'>,
  account: AccountId,
  { count, before }: { readonly count: number; readonly before: Uid | null },
): Promise<readonly InboxLetter[]> {
  const inbox = (await store.mailboxes(account)).find(({ role }) => role === 'inbox');
  if (inbox === undefined || before === 1) return [];
  const to = before === null ? {} : { to: (before - 1) as Uid };
  const placed = await store.placed({ account, mailbox: inbox.id, ...to, count, order: 'descending' });
  const letters = await store.lettersById(
    account,
    placed.map(({ letter }) => letter),
  );
  const byId = new Map(letters.map((letter) => [letter.id, letter]));
  return placed.flatMap(({ uid, letter: id }) => {
    const letter = byId.get(id);
    return letter === undefined ? [] : { uid, letter };
  });
}
