import type { SelectCommand } from '../grammar/select.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import type { OpenedMailbox } from '../mailboxes.ts';
import { systemFlags } from '../render/flags.ts';
import { say } from '../say.ts';
import { View } from '../view.ts';
import { withMailbox } from './with-mailbox.ts';
import {
  asks,
  ends,
  type Authenticated,
  type Context,
  type Handler,
  type LoggedIn,
  type Selected,
} from './stage.ts';

/** SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3). A mailbox that was selected is so no more, whatever comes of it. */
export const select: Handler<SelectCommand, LoggedIn> = ({ name, mailbox }, stage, context) => {
  const home: Authenticated = { at: 'authenticated', login: stage.login };
  if (stage.at === 'selected') context.out.latin1('* OK [CLOSED] The mailbox before is closed\r\n');
  const path = parseMailboxName(mailbox);
  if (path === null) return ends(home, say.badName);
  return withMailbox(path, home, say.noMailbox, ({ id }) =>
    asks({ ask: 'open', mailbox: id }, home, (opened) => {
      const readOnly = name === 'EXAMINE';
      describe(opened, readOnly, context);
      const view = new View(opened.uids, opened.upTo);
      const selected: Selected = {
        at: 'selected',
        login: stage.login,
        mailbox: { id, readOnly, view },
      };
      return { to: selected, last: say.doneAs(name, readOnly ? 'READ-ONLY' : 'READ-WRITE') };
    }),
  );
};

/** The responses that SELECT has before it ends; RECENT is RFC 3501 section 7.3.2, and no letter has that flag. */
function describe({ uids, uidValidity, uidNext }: OpenedMailbox, readOnly: boolean, { out }: Context): void {
  const permanent = readOnly ? '' : `${systemFlags} \\*`;
  out.latin1(
    `* FLAGS (${systemFlags})\r\n` +
      `* OK [PERMANENTFLAGS (${permanent})] What can be kept\r\n` +
      `* ${uids.length} EXISTS\r\n* 0 RECENT\r\n` +
      `* OK [UIDVALIDITY ${uidValidity}] Uids are valid\r\n` +
      `* OK [UIDNEXT ${uidNext}] The next uid\r\n`,
  );
}
