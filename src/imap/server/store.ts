import type { StoreCommand } from '../grammar/store.ts';
import { formatFlags } from '../render/flags.ts';
import { say } from '../say.ts';
import { asks, ends, type Handler, type Selected } from './stage.ts';
import { positionsOf, uidsAt } from './positions.ts';

/** STORE and UID STORE (RFC 9051 sections 6.4.6 and 6.4.9). */
export const store: Handler<StoreCommand, Selected> = (command, stage, { out }) => {
  const { name, set, how, keywords, silent } = command;
  const { id: mailbox, readOnly, view } = stage.mailbox;
  const byUid = name === 'UID STORE';
  const positions = positionsOf(set, byUid ? 'uid' : 'number', stage.mailbox);
  if (positions === null) return ends(stage, say.noSuchNumber);
  if (readOnly) return ends(stage, say.readOnly);
  const uids = uidsAt(positions, view);
  if (uids.length === 0) return ends(stage, say.done(name));
  const tell = silent ? 'changed' : 'all';
  const { since } = view;
  return asks(
    { ask: 'set-keywords', mailbox, uids, how, keywords, since, tell },
    stage,
    ({ letters, alone }) => {
      for (const letter of letters) {
        // Silence is kept where the client knows what the flags are now.
        if (!silent || alone) view.know(letter);
        const number = view.positionOf(letter.uid) + 1;
        const uid = byUid ? `UID ${letter.uid} ` : '';
        if (!silent && number > 0)
          out.latin1(`* ${number} FETCH (${uid}FLAGS ${formatFlags(letter.keywords)})\r\n`);
      }
      const isWhole = byUid || silent || letters.length === uids.length;
      return ends(stage, isWhole ? say.done(name) : say.someGone);
    },
  );
};
