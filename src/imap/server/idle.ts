import { say } from '../say.ts';
import { asks, closed, ends, type Handler, type LoggedIn, type Move } from './stage.ts';
import { tell } from './tell.ts';
import type { Context } from './stage.ts';

/** IDLE (RFC 9051 section 6.3.13): what happened so far is told at once. */
export const idle: Handler<{ name: 'IDLE' }, LoggedIn> = (_, stage, context) => {
  context.out.latin1('+ idling\r\n');
  return idleNews(stage, context);
};

/** Tells what happened in the mailbox, and idles on. */
export function idleNews(home: LoggedIn, context: Context): Move {
  const idling = { to: { at: 'idling', home } } as const;
  if (home.at !== 'selected') return idling;
  const { id: mailbox, view } = home.mailbox;
  return asks(
    { ask: 'changes', mailbox, since: view.since },
    home,
    (changes) => {
      view.learn(changes);
      tell(home, 'everything', context.out);
      return idling;
    },
    { refused: () => ends(closed, say.mailboxGone) },
  );
}

/** The line that ends IDLE. */
export const idleLine = (line: string, home: LoggedIn): Move =>
  ends(home, line.toUpperCase() === 'DONE' ? say.done('IDLE') : say.notIdle);
