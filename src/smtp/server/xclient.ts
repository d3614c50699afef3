import type { Proxied } from '../proxied.ts';
import type { Handler } from './stage.ts';
import { greeting } from './hello.ts';

/**
 * XCLIENT (a local extension, RFC 5321 section 2.2.2, as Postfix defined it): the connection is the one that the proxy
 * speaks for from here on, and begins anew with its greeting. Whether the peer may say that was checked.
 */
export const xclient: Handler<{ verb: 'XCLIENT'; proxied: Proxied }> = ({ proxied }, _, { settings }) => ({
  reply: greeting(settings),
  to: { at: 'greeted' },
  endpoints: proxied,
});
