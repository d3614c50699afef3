import { say } from '../reply.ts';
import { stay, type Authorization, type Handler } from './stage.ts';

/**
 * STLS (RFC 2595 section 4). What came behind it in the clear may have been put there by somebody in between, so the
 * connection ends.
 */
export const stls: Handler<{ verb: 'STLS' }, Authorization> = (_, __, { unreadBytes }) =>
  unreadBytes > 0 ? stay({ at: 'closed' }, say.injected) : { reply: say.startTls, to: { at: 'securing' } };
