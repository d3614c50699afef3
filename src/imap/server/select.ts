import type { SelectCommand } from '../grammar/select.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import type { OpenedMailbox } from '../mailboxes.ts';
import { systemFlags } from '../render/flags.ts';
import { formatMailboxId } from '../render/object-id.ts';
import { say } from '../say.ts';
import { View } from '../view.ts';
import { formatListed } from './list.ts';
import { withMailbox } from './with-mailbox.ts';
import {
  asks,
  ends,
  isRev2,
  textFormOf,
  type Authenticated,
  type Context,
  type Handler,
  type LoggedIn,
  type Selected,
} from './stage.ts';

/** SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3). A mailbox that was selected is so no more, whatever comes of it. */
export const select: Handler<SelectCommand, LoggedIn> = ({ name, mailbox }, stage, context) => {
  const home: Authenticated = { at: 'authenticated', person: stage.person };
  if (stage.at === 'selected') context.out.latin1('* OK [CLOSED] The mailbox before is closed\r\n');
  const path = parseMailboxName(mailbox, textFormOf(stage));
  if (path === null) return ends(home, say.badName);
  return withMailbox(path, home, say.noMailbox, ({ id }) =>
    asks({ ask: 'open', mailbox: id }, home, (opened) => {
      const readOnly = name === 'EXAMINE';
      describe(opened, readOnly, context);
      if (isRev2(stage)) context.out.latin1(formatListed(path, textFormOf(stage)));
      else context.out.latin1('* 0 RECENT\r\n');
      const view = new View(opened.uids, opened.upTo);
      const selected: Selected = {
        at: 'selected',
        person: stage.person,
        mailbox: { id, readOnly, view, saved: [] },
      };
      return { to: selected, last: say.doneAs(name, readOnly ? 'READ-ONLY' : 'READ-WRITE') };
    }),
  );
};

/**
 * The responses that SELECT has before it ends, but for the one that differs: IMAP4rev2 tells the name, and before that RECENT was
 * told (RFC 3501 section 7.3.2), a flag that no letter has here.
 */
function describe(
  { id, uids, uidValidity, uidNext }: OpenedMailbox,
  readOnly: boolean,
  { out }: Context,
): void {
  const permanent = readOnly ? '' : `${systemFlags} \\*`;
  out.latin1(
    `* FLAGS (${systemFlags})\r\n` +
      `* OK [PERMANENTFLAGS (${permanent})] What can be kept\r\n` +
      `* ${uids.length} EXISTS\r\n` +
      `* OK [UIDVALIDITY ${uidValidity}] Uids are valid\r\n` +
      `* OK [UIDNEXT ${uidNext}] The next uid\r\n` +
      `* OK [${formatMailboxId(id)}] Its identifier\r\n`,
  );
}
