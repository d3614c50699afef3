import type { Resync, SelectCommand } from '../grammar/select.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import type { OpenedMailbox } from '../mailboxes.ts';
import { NumberSetReader, rangesOf, rangesWithin } from '../number-set.ts';
import { systemFlags } from '../render/flags.ts';
import { formatMailboxId } from '../render/object-id.ts';
import { say } from '../say.ts';
import { View, type MailboxChanges } from '../view.ts';
import { formatListed } from './list.ts';
import { formatChanged, formatEarlier } from './tell.ts';
import { withMailbox } from './with-mailbox.ts';
import {
  asks,
  ends,
  isRev2,
  textFormOf,
  withEnabled,
  type Authenticated,
  type Context,
  type Handler,
  type LoggedIn,
  type Selected,
} from './stage.ts';

/** SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3). A mailbox that was selected is so no more, whatever comes of it. */
export const select: Handler<SelectCommand, LoggedIn> = (command, stage, context) => {
  const { name, mailbox, condstore, resync } = command;
  if (resync !== null && !stage.person.enabled.has('QRESYNC')) return ends(stage, say.enableFirst('QRESYNC'));
  const before: Authenticated = { at: 'authenticated', person: stage.person };
  const home = condstore ? withEnabled(before, 'CONDSTORE') : before;
  if (stage.at === 'selected') context.out.latin1('* OK [CLOSED] The mailbox before is closed\r\n');
  const path = parseMailboxName(mailbox, textFormOf(stage));
  if (path === null) return ends(home, say.badName);
  return withMailbox(path, home, say.noMailbox, ({ id }) =>
    asks({ ask: 'open', mailbox: id }, home, (opened) => {
      const readOnly = name === 'EXAMINE';
      describe(opened, readOnly, context);
      if (isRev2(home)) context.out.latin1(formatListed(path, textFormOf(home)));
      else context.out.latin1('* 0 RECENT\r\n');
      const view = new View(opened.uids, opened.upTo);
      const { person } = home;
      const selected: Selected = { at: 'selected', person, mailbox: { id, readOnly, view, saved: [] } };
      const last = { to: selected, last: say.doneAs(name, readOnly ? 'READ-ONLY' : 'READ-WRITE') };
      // RFC 7162 section 3.2.5: of another validity there is nothing to be told.
      if (resync === null || resync.uidValidity !== opened.uidValidity) return last;
      return asks({ ask: 'changes', mailbox: id, since: resync.since }, home, (changes) => {
        tellChanged(changes, resync, selected, context);
        return last;
      });
    }),
  );
};

/** What a client that knew the mailbox has to know more (RFC 7162 section 3.2.5.1), as far as it knows the uids. */
function tellChanged(
  { changed, vanished }: MailboxChanges,
  { known }: Resync,
  stage: Selected,
  { out }: Context,
): void {
  const { view } = stage.mailbox;
  out.latin1(formatEarlier(known === null ? vanished : rangesWithin(vanished, known)));
  const uids = rangesOf(changed.map(({ uid }) => uid));
  const told = new NumberSetReader(known === null ? uids : rangesWithin(uids, known));
  for (const letter of changed) {
    const number = view.positionOf(letter.uid) + 1;
    if (number > 0 && told.has(letter.uid)) out.latin1(formatChanged(number, letter, stage));
  }
}

/**
 * The responses that SELECT has before it ends, but for the one that differs: IMAP4rev2 tells the name, and before that RECENT was
 * told (RFC 3501 section 7.3.2), a flag that no letter has here.
 */
function describe(
  { id, uids, uidValidity, uidNext, highestModSeq }: OpenedMailbox,
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
      `* OK [${formatMailboxId(id)}] Its identifier\r\n` +
      `* OK [HIGHESTMODSEQ ${highestModSeq}] Up to here it was read\r\n`,
  );
}
