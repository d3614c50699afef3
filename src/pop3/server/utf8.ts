import { say } from '../reply.ts';
import type { Authorization, Handler } from './stage.ts';

/** UTF8 (RFC 6856 section 2.1); saying it twice is saying it once. */
export const utf8: Handler<{ verb: 'UTF8' }, Authorization> = (_, stage) => ({
  reply: say.utf8,
  mode: 'utf-8',
  to: stage,
});
