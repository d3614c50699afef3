import type { StatusCommand, StatusItem } from '../grammar/status.ts';
import { formatMailboxName, parseMailboxName } from '../mailbox-name.ts';
import type { MailboxEntry, MailboxId } from '../mailboxes.ts';
import { mailboxObjectId } from '../render/object-id.ts';
import type { TextForm } from '../render/string.ts';
import { say } from '../say.ts';
import {
  asks,
  ends,
  textFormOf,
  withEnabled,
  type Context,
  type Handler,
  type LoggedIn,
  type Move,
} from './stage.ts';
import { withMailbox } from './with-mailbox.ts';

/** STATUS (RFC 9051 section 6.3.11). */
export const status: Handler<StatusCommand, LoggedIn> = ({ mailbox, items }, stage, context) => {
  const form = textFormOf(stage);
  const path = parseMailboxName(mailbox, form);
  if (path === null) return ends(stage, say.badName);
  return withMailbox(path, stage, say.noMailbox, (found) =>
    withStatusFacts([found], items, stage, context, (facts) => {
      context.out.latin1(formatStatusResponse(found, items, facts));
      return ends(asksForModSeqs(items) ? withEnabled(stage, 'CONDSTORE') : stage, say.done('STATUS'));
    }),
  );
};

/** RFC 7162 section 3.1: who asks for modification sequences is told them from then on. */
const asksForModSeqs = (items: readonly StatusItem[]): boolean => items.includes('HIGHESTMODSEQ');

/** What the items tell that does not stand in lists of mailboxes. */
type StatusFacts = {
  readonly form: TextForm;
  readonly deletedOctets: ReadonlyMap<MailboxId, number>;
  readonly appendLimit: number;
};

/** Goes on with what these items need; what costs something is asked only where it is told. */
export function withStatusFacts(
  mailboxes: readonly MailboxEntry[],
  items: readonly StatusItem[],
  home: LoggedIn,
  { settings }: Context,
  then: (facts: StatusFacts) => Move,
): Move {
  const facts = { form: textFormOf(home), appendLimit: settings.limits.messageBytes };
  if (!items.includes('DELETED-STORAGE')) return then({ ...facts, deletedOctets: new Map() });
  const ids = mailboxes.map(({ id }) => id);
  return asks({ ask: 'deleted-octets', mailboxes: ids }, home, (deletedOctets) =>
    then({ ...facts, deletedOctets }),
  );
}

// mailbox-data = … / "STATUS" SP mailbox SP "(" [status-att-list] ")" / …          (RFC 9051 section 9)
export const formatStatusResponse = (
  mailbox: MailboxEntry,
  items: readonly StatusItem[],
  facts: StatusFacts,
): string =>
  `* STATUS ${formatMailboxName(mailbox.path, facts.form)} (${items.map((item) => `${item} ${told[item](mailbox, facts)}`).join(' ')})\r\n`;

/** What each item tells. A missing row is a type error. */
const told: {
  readonly [Item in StatusItem]: (mailbox: MailboxEntry, facts: StatusFacts) => number | bigint | string;
} = {
  MESSAGES: ({ letters }) => letters,
  UIDNEXT: ({ uidNext }) => uidNext,
  UIDVALIDITY: ({ uidValidity }) => uidValidity,
  UNSEEN: ({ unseen }) => unseen,
  DELETED: ({ deleted }) => deleted,
  SIZE: ({ sizeBytes }) => sizeBytes,
  HIGHESTMODSEQ: ({ highestModSeq }) => highestModSeq,
  // No letter has the flag \Recent.
  RECENT: () => 0,
  MAILBOXID: ({ id }) => `(${mailboxObjectId(id)})`,
  // RFC 9208 section 4.1.4.
  'DELETED-STORAGE': ({ id }, { deletedOctets }) => deletedOctets.get(id) ?? 0,
  // RFC 7889 section 3.1: the same for all.
  APPENDLIMIT: (_, { appendLimit }) => appendLimit,
};
