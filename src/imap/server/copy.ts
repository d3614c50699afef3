import type { CopyCommand } from '../grammar/copy.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { formatNumberSet, rangesOf } from '../number-set.ts';
import type { Answers } from '../questions.ts';
import { formatStatus, say } from '../say.ts';
import { asks, ends, textFormOf, type Handler, type Selected } from './stage.ts';
import { positionsOf, uidsAt } from './positions.ts';
import { withMailbox } from './with-mailbox.ts';

/** COPY, MOVE (RFC 9051 sections 6.4.7 and 6.4.8) and the same by uid. */
export const copy: Handler<CopyCommand, Selected> = ({ name, set, mailbox: to }, stage, { out }) => {
  const { id: mailbox, readOnly, view } = stage.mailbox;
  const isMove = name === 'MOVE' || name === 'UID MOVE';
  const positions = positionsOf(set, name.startsWith('UID ') ? 'uid' : 'number', stage.mailbox);
  if (positions === null) return ends(stage, say.noSuchNumber);
  const path = parseMailboxName(to, textFormOf(stage));
  if (path === null) return ends(stage, say.badName);
  if (isMove && readOnly) return ends(stage, say.readOnly);
  const uids = uidsAt(positions, view);
  return withMailbox(path, stage, say.tryCreate, ({ id }) => {
    if (uids.length === 0) return ends(stage, say.done(name));
    const how = isMove ? 'move' : 'copy';
    return asks({ ask: 'copy', mailbox, uids, to: id, how }, stage, (copied) => {
      if (copied.from.length === 0) return ends(stage, say.done(name));
      const code = formatCopied(copied);
      // The numbers of what is gone come behind it (RFC 6851 section 4.3).
      if (isMove) out.latin1(formatStatus('*', say.copied(code)));
      return ends(stage, isMove ? say.done(name) : say.doneAs(name, code));
    });
  });
};

// resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set                   (RFC 4315 section 4)
const formatCopied = ({ uidValidity, from, to }: Answers['copy']): string =>
  `COPYUID ${uidValidity} ${formatNumberSet(rangesOf(from))} ${formatNumberSet(rangesOf(to))}`;
