import { say } from '../reply.ts';
import type { Question, Verdict } from '../session.ts';
import { ask, mismatch, stay, type Handler, type Move } from './stage.ts';

/**
 * QUIT (RFC 1939 sections 4 and 6): the letters that are marked are removed, all of them or none, and the client is told
 * what came of it; then the session ends, whatever came.
 */
export const quit: Handler<{ verb: 'QUIT' }> = (_, stage, { settings }) => {
  const { host } = settings;
  const numbers = stage.at === 'transaction' ? stage.maildrop.marked() : [];
  if (numbers.length === 0) return stay({ at: 'closed' }, say.bye(host));
  const question: Question = { ask: 'remove', numbers };
  const settle = (verdict: Verdict): Move => {
    switch (verdict.verdict) {
      case 'removed':
        return stay({ at: 'closed' }, say.removed(numbers.length, host));
      case 'refused':
        return stay({ at: 'closed' }, verdict.why === 'gone' ? say.maildropGone : say.nothingRemoved);
      case 'fault':
        return stay({ at: 'closed' }, say.notRemoved(verdict.id));
      default:
        return mismatch(question, verdict);
    }
  };
  return { reply: null, to: ask(question, settle) };
};
