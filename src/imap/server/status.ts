import type { StatusCommand, StatusItem } from '../grammar/status.ts';
import { formatMailboxName, parseMailboxName } from '../mailbox-name.ts';
import type { MailboxEntry } from '../mailboxes.ts';
import { mailboxObjectId } from '../render/object-id.ts';
import type { TextForm } from '../render/string.ts';
import { say } from '../say.ts';
import { ends, textFormOf, type Handler, type LoggedIn } from './stage.ts';
import { withMailbox } from './with-mailbox.ts';

/** STATUS (RFC 9051 section 6.3.11). */
export const status: Handler<StatusCommand, LoggedIn> = ({ mailbox, items }, stage, { out }) => {
  const form = textFormOf(stage);
  const path = parseMailboxName(mailbox, form);
  if (path === null) return ends(stage, say.badName);
  return withMailbox(path, stage, say.noMailbox, (found) => {
    out.latin1(formatStatusResponse(found, items, form));
    return ends(stage, say.done('STATUS'));
  });
};

// mailbox-data = … / "STATUS" SP mailbox SP "(" [status-att-list] ")" / …          (RFC 9051 section 9)
export const formatStatusResponse = (
  mailbox: MailboxEntry,
  items: readonly StatusItem[],
  form: TextForm,
): string =>
  `* STATUS ${formatMailboxName(mailbox.path, form)} (${items.map((item) => `${item} ${told[item](mailbox)}`).join(' ')})\r\n`;

/** What each item tells. A missing row is a type error. */
const told: { readonly [Item in StatusItem]: (mailbox: MailboxEntry) => number | string } = {
  MESSAGES: ({ letters }) => letters,
  UIDNEXT: ({ uidNext }) => uidNext,
  UIDVALIDITY: ({ uidValidity }) => uidValidity,
  UNSEEN: ({ unseen }) => unseen,
  DELETED: ({ deleted }) => deleted,
  SIZE: ({ sizeBytes }) => sizeBytes,
  // No letter has the flag \Recent.
  RECENT: () => 0,
  MAILBOXID: ({ id }) => `(${mailboxObjectId(id)})`,
};
