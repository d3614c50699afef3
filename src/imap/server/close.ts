import { say } from '../say.ts';
import { asks, type Authenticated, type Handler, type Selected } from './stage.ts';

/** CLOSE (RFC 9051 section 6.4.1): what is deleted goes without a word. */
export const close: Handler<{ name: 'CLOSE' }, Selected> = (_, stage) => {
  const home: Authenticated = { at: 'authenticated', person: stage.person };
  const done = { to: home, last: say.done('CLOSE') };
  const { id: mailbox, readOnly, view } = stage.mailbox;
  if (readOnly || view.count === 0) return done;
  const uids = [{ from: 1, to: view.lastUid }];
  return asks({ ask: 'expunge', mailbox, uids }, home, () => done);
};

/** UNSELECT (RFC 9051 section 6.4.2). */
export const unselect: Handler<{ name: 'UNSELECT' }, Selected> = (_, { person }) => ({
  to: { at: 'authenticated', person },
  last: say.done('UNSELECT'),
});
