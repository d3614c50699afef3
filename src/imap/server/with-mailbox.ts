import type { MailboxEntry } from '../mailboxes.ts';
import type { Status } from '../say.ts';
import { asks, ends, type HomeStage, type Move } from './stage.ts';

/** Goes on with the mailbox that has this path; without one the command ends with `missing`. */
export const withMailbox = (
  path: string,
  home: HomeStage,
  missing: Status,
  then: (mailbox: MailboxEntry) => Move,
): Move =>
  asks({ ask: 'mailboxes' }, home, ({ mailboxes }) => {
    const found = mailboxes.find((mailbox) => mailbox.path === path);
    return found === undefined ? ends(home, missing) : then(found);
  });
