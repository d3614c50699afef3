import { formatCapabilities } from '../capabilities.ts';
import { say } from '../say.ts';
import { closed, ends, type Handler, type LoggedIn } from './stage.ts';

/**
 * UNAUTHENTICATE (RFC 8437 section 3): nobody is logged in any more, and nothing is known of who was. Where the connection is
 * compressed it would have to end in the middle of what came, so the session ends instead, as section 3 allows.
 */
export const unauthenticate: Handler<{ name: 'UNAUTHENTICATE' }, LoggedIn> = ({ name }, stage, context) => {
  const { secured, settings, compressed } = context;
  if (!settings.reusable) return ends(stage, say.unknownCommand);
  if (compressed) return ends(closed, say.compressedForGood);
  const capabilities = formatCapabilities({ secured, settings, isLoggedIn: false });
  return { to: { at: 'greeted' }, last: say.doneAs(name, capabilities), after: 'logout' };
};
