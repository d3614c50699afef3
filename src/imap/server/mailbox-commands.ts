import type { MailboxCommand } from '../grammar/mailbox-commands.ts';
import { mayBePath, parseMailboxName } from '../mailbox-name.ts';
import { delimiter, type MailboxEntry } from '../mailboxes.ts';
import { formatMailboxId } from '../render/object-id.ts';
import { say } from '../say.ts';
import { asks, ends, textFormOf, type Handler, type LoggedIn, type Move } from './stage.ts';

type CommandOf<Name extends MailboxCommand['name']> = Extract<MailboxCommand, { readonly name: Name }>;

/** A mailbox has one special use at the most. */
const mostUses = 1;

/** CREATE (RFC 9051 section 6.3.4), with what is above it, and with a special use (RFC 6154 section 3). */
export const create: Handler<CommandOf<'CREATE'>, LoggedIn> = ({ name, mailbox, uses }, stage) => {
  const path = ownPath(mailbox, stage);
  if (path === null) return ends(stage, say.badName);
  if (uses.length > mostUses) return ends(stage, say.oneUse);
  return asks({ ask: 'create', path, role: uses[0] ?? null }, stage, (made) =>
    ends(stage, say.doneAs(name, formatMailboxId(made))),
  );
};

/** DELETE (RFC 9051 section 6.3.5): not while something is in it. */
export const remove: Handler<CommandOf<'DELETE'>, LoggedIn> = ({ name, mailbox }, stage, { out }) =>
  withPath(mailbox, stage, ({ id }) =>
    asks({ ask: 'delete', mailbox: id }, stage, () => {
      if (stage.at !== 'selected' || stage.mailbox.id !== id) return ends(stage, say.done(name));
      out.latin1('* OK [CLOSED] The mailbox is gone\r\n');
      return { to: { at: 'authenticated', person: stage.person }, last: say.done(name) };
    }),
  );

/** RENAME (RFC 9051 section 6.3.6); of INBOX its letters move and it stays. */
export const rename: Handler<CommandOf<'RENAME'>, LoggedIn> = ({ name, from, to }, stage) => {
  const path = ownPath(to, stage);
  if (path === null) return ends(stage, say.badName);
  return withPath(from, stage, (found) =>
    asks({ ask: 'rename', mailbox: found.id, path }, stage, () => ends(stage, say.done(name))),
  );
};

/** SUBSCRIBE (RFC 9051 section 6.3.7): to a mailbox that is there. */
export const subscribe: Handler<CommandOf<'SUBSCRIBE'>, LoggedIn> = ({ name, mailbox }, stage) =>
  subscription(name, mailbox, true, stage);

/** UNSUBSCRIBE (RFC 9051 section 6.3.8): also from one that is not there any more. */
export const unsubscribe: Handler<CommandOf<'UNSUBSCRIBE'>, LoggedIn> = ({ name, mailbox }, stage) =>
  subscription(name, mailbox, false, stage);

function subscription(name: string, mailbox: string, subscribed: boolean, stage: LoggedIn): Move {
  const path = ownPath(mailbox, stage);
  if (path === null) return ends(stage, say.badName);
  return asks({ ask: 'subscribe', path, subscribed }, stage, () => ends(stage, say.done(name)));
}

/** A delimiter at the end says that there will be something in it, and is none of the name (RFC 9051 section 6.3.4). */
function ownPath(mailbox: string, stage: LoggedIn): string | null {
  const path = parseMailboxName(mailbox, textFormOf(stage));
  const own = path?.endsWith(delimiter) === true ? path.slice(0, -delimiter.length) : path;
  return own !== null && mayBePath(own) ? own : null;
}

function withPath(mailbox: string, stage: LoggedIn, then: (found: MailboxEntry) => Move): Move {
  const path = ownPath(mailbox, stage);
  if (path === null) return ends(stage, say.badName);
  return asks({ ask: 'mailboxes' }, stage, ({ mailboxes }) => {
    const found = mailboxes.find((one) => one.path === path);
    return found === undefined ? ends(stage, say.noMailbox) : then(found);
  });
}
