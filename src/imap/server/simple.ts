import { formatCapabilities } from '../capabilities.ts';
import type { IdCommand } from '../grammar/id.ts';
import { delimiter } from '../mailboxes.ts';
import { formatStatus, say } from '../say.ts';
import { closed, ends, type Handler, type HomeStage, type LoggedIn } from './stage.ts';

/** CAPABILITY (RFC 9051 section 6.1.1). */
export const capability: Handler<{ name: 'CAPABILITY' }, HomeStage> = (
  _,
  stage,
  { secured, settings, out },
) => {
  out.latin1(`* ${formatCapabilities({ secured, settings, isLoggedIn: stage.at !== 'greeted' })}\r\n`);
  return ends(stage, say.done('CAPABILITY'));
};

/** NOOP (RFC 9051 section 6.1.2) and CHECK (RFC 3501 section 6.4.1): what happened is told, like after every command. */
export const noop: Handler<{ name: 'NOOP' | 'CHECK' }, HomeStage> = ({ name }, stage) =>
  ends(stage, say.done(name));

/** NAMESPACE (RFC 9051 section 6.3.10): everybody has their own, and there is no other. */
export const namespace: Handler<{ name: 'NAMESPACE' }, LoggedIn> = ({ name }, stage, { out }) => {
  out.latin1(`* NAMESPACE (("" "${delimiter}")) NIL NIL\r\n`);
  return ends(stage, say.done(name));
};

/** LOGOUT (RFC 9051 section 6.1.3). */
export const logout: Handler<{ name: 'LOGOUT' }, HomeStage> = (_, __, { out }) => {
  out.latin1(formatStatus('*', say.bye));
  return { to: closed, last: say.done('LOGOUT') };
};

/** ID (RFC 2971 section 3.1). Which release it is, is nobody's business. */
export const id: Handler<IdCommand, HomeStage> = (_, stage, { out }) => {
  out.latin1('* ID ("name" "Letterlock")\r\n');
  return ends(stage, say.done('ID'));
};
