import type { Address } from '../../mail/address.ts';
import { say } from '../reply.ts';
import type { Question } from '../session.ts';
import { mismatch, stay, type Handler } from './stage.ts';
import { refusalReply } from './verdicts.ts';

/**
 * XENROL (a local extension, RFC 5321 section 2.2.2): makes an account whose password is said once, in the reply; then the
 * connection is closed, so that a login is always the start of a new one.
 */
export const xenrol: Handler<{ verb: 'XENROL'; address: Address }> = ({ address }, stage) => {
  const question: Question = { ask: 'enrol', address };
  return {
    reply: null,
    to: {
      at: 'asking',
      question,
      settle: (verdict) => {
        switch (verdict.verdict) {
          case 'enrolled':
            return { reply: say.enrolled(verdict.account, verdict.password.reveal()), to: { at: 'closed' } };
          case 'refused':
            return stay(stage, refusalReply(verdict.why));
          case 'fault':
            return stay(stage, say.fault(verdict.id));
          default:
            return mismatch(question, verdict);
        }
      },
    },
  };
};
