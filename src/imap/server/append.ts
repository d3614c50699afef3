import type { AnnouncedLetter, AppendCommand, AppendedLetter } from '../grammar/append.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import type { MailboxId } from '../mailboxes.ts';
import { formatNumberSet, rangesOf } from '../number-set.ts';
import { say } from '../say.ts';
import { asks, ends, textFormOf, type Context, type LoggedIn, type Move, type Stage } from './stage.ts';
import { withMailbox } from './with-mailbox.ts';

type Receiving = Extract<Stage, { at: 'receiving' }>;

/** Letters of one APPEND; more are another one. */
const mostLetters = 1000;

/** The first letter of an APPEND is announced (RFC 9051 section 6.3.12): may it come? */
export function firstLetter(
  { mailbox, letters }: AnnouncedLetter,
  sizeBytes: number,
  home: LoggedIn,
  context: Context,
): Move {
  const path = parseMailboxName(mailbox, textFormOf(home));
  if (path === null) return ends(home, say.badName);
  return withMailbox(path, home, say.tryCreate, ({ id }) =>
    letterAnnounced({ at: 'receiving', home, mailbox: id, letters }, sizeBytes, context),
  );
}

/** A further letter of the same APPEND is announced (RFC 3502 section 6.3.11). */
export const nextLetter = (
  { letters }: AnnouncedLetter,
  sizeBytes: number,
  stage: Receiving,
  context: Context,
): Move => letterAnnounced({ ...stage, letters }, sizeBytes, context);

function letterAnnounced(receiving: Receiving, sizeBytes: number, { settings }: Context): Move {
  const { home, mailbox, letters } = receiving;
  if (sizeBytes > settings.limits.messageBytes || letters.length > mostLetters) return ends(home, say.tooBig);
  return asks({ ask: 'room', mailbox, sizeBytes }, home, () => ({ to: receiving, letterComes: true }), {
    refused: (why) => (why === 'no-mailbox' ? ends(home, say.tryCreate) : null),
  });
}

/** The whole command is there: its letters are kept, all or none. */
export function appendLetters({ letters }: AppendCommand, home: LoggedIn, mailbox: MailboxId): Move {
  return asks(
    { ask: 'append', mailbox, letters: letters satisfies readonly AppendedLetter[] },
    home,
    ({ uidValidity, uids }) =>
      ends(home, say.doneAs('APPEND', `APPENDUID ${uidValidity} ${formatNumberSet(rangesOf(uids))}`)),
    { refused: (why) => (why === 'no-mailbox' ? ends(home, say.tryCreate) : null) },
  );
}
