import type { Proxied } from '../proxied.ts';
import { say } from '../reply.ts';
import type { Question } from '../session.ts';
import { greeting } from './hello.ts';
import { mismatch, stay, type Handler } from './stage.ts';
import { refusalReply } from './verdicts.ts';

/**
 * XCLIENT (a local extension, RFC 5321 section 2.2.2, as Postfix defined it): the connection is the one that the proxy
 * speaks for from here on, and begins anew with its greeting; a login ends with it. Whether the peer may say that was
 * checked; whether the client may come is asked.
 */
export const xclient: Handler<{ verb: 'XCLIENT'; proxied: Proxied }> = ({ proxied }, stage, { settings }) => {
  const question: Question = { ask: 'proxied', endpoints: proxied };
  return {
    reply: null,
    to: {
      at: 'asking',
      question,
      settle: (verdict) => {
        switch (verdict.verdict) {
          case 'accepted':
            return { reply: greeting(settings), to: { at: 'greeted' } };
          case 'refused':
            return stay({ at: 'closed' }, refusalReply(verdict.why));
          case 'fault':
            return stay(stage, say.fault(verdict.id));
          default:
            return mismatch(question, verdict);
        }
      },
    },
  };
};
