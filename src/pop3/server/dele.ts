import { say } from '../reply.ts';
import { notThere } from './list.ts';
import { stay, type Handler, type Transaction } from './stage.ts';

/** DELE (RFC 1939 section 5): the letter is marked, and removed by QUIT. */
export const dele: Handler<{ verb: 'DELE'; number: number }, Transaction> = ({ number }, stage) => {
  const wrong = notThere(stage.maildrop, number);
  if (wrong !== null) return stay(stage, wrong);
  stage.maildrop.mark(number);
  return stay(stage, say.deleted(number));
};

/** RSET (RFC 1939 section 5): no letter is marked any more. */
export const rset: Handler<{ verb: 'RSET' }, Transaction> = (_, stage) => {
  stage.maildrop.reset();
  return stay(stage, say.reset(stage.maildrop.leftCount, stage.maildrop.leftBytes));
};

/** NOOP (RFC 1939 section 5). */
export const noop: Handler<{ verb: 'NOOP' }, Transaction> = (_, stage) => stay(stage, say.noop);
