import { ok } from '../../result.ts';
import type { MailboxId, Uid } from '../../store/port.ts';
import type { Answering, Desk } from './desk.ts';

/** Letters that are counted before others get their turn. */
const pageLetters = 2000;

/** How many octets of each mailbox an EXPUNGE would let go of; of one that is not there none. */
export const deletedOctets: Answering<'deleted-octets'> = async ({ mailboxes }, desk) => {
  const octets = new Map<number, number>();
  for (const mailbox of mailboxes) octets.set(mailbox, await countedIn(mailbox as MailboxId, desk));
  return ok(octets);
};

async function countedIn(mailbox: MailboxId, { store, account }: Desk): Promise<number> {
  const found = await store.mailbox(account, mailbox);
  if (found === null || found.deleted === 0) return 0;
  let octets = 0;
  for (let from = 1; ;) {
    const page = await store.placed({ account, mailbox, from: from as Uid, count: pageLetters });
    for (const { keywords, servedBytes } of page) if (keywords.includes('\\deleted')) octets += servedBytes;
    const last = page.at(-1);
    if (last === undefined || page.length < pageLetters) return octets;
    from = last.uid + 1;
    await turn();
  }
}

/** Lets others have their turn. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
