import { say } from '../reply.ts';
import { stay, type Handler } from './stage.ts';

/**
 * STARTTLS (RFC 3207 section 4). What came behind it in the clear may have been put there by somebody in between, so
 * the connection ends (RFC 3207 section 6).
 */
export const startTls: Handler<{ verb: 'STARTTLS' }> = (_, __, { unreadBytes }) =>
  unreadBytes > 0 ? stay({ at: 'closed' }, say.injected) : { reply: say.startTls, to: { at: 'securing' } };
