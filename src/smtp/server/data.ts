import { DotReader } from '../../bytes/dot-reader.ts';
import { say, type Reply } from '../reply.ts';
import type { Envelope, Outcome, Question, Settings } from '../session.ts';
import { mismatch, readyAfter, stay, type Context, type Handler, type Move } from './stage.ts';
import { refusalReply, settleEnvelope } from './verdicts.ts';

/** DATA (RFC 5321 section 4.1.1.4): asks for room, then reads the letter. */
export const data: Handler<{ verb: 'DATA' }> = (_, stage) => {
  if (stage.at !== 'transaction') return stay(stage, say.mailFirst);
  const { envelope } = stage;
  const question: Question = { ask: 'room', envelope };
  const yes = {
    reply: say.startData,
    to: { at: 'data', envelope, dots: new DotReader(), sizeBytes: 0 },
  } as const;
  return { reply: null, to: { at: 'asking', question, settle: settleEnvelope(question, yes, stage) } };
};

/** The letter is there whole: hands the responsibility over, and answers when somebody has taken it. */
export function letterEnded(envelope: Envelope, { settings, secured }: Context): Move {
  const question: Question = { ask: 'deliver', envelope, secured };
  const count = envelope.recipients.length;
  const isLmtp = settings.door === 'lmtp';
  return {
    reply: null,
    to: {
      at: 'asking',
      question,
      settle: (verdict) => {
        switch (verdict.verdict) {
          case 'delivered':
          case 'refused':
          case 'fault': {
            const deliveredTo = verdict.verdict === 'delivered' ? count : 0;
            return { ...letterAnswered(envelope, outcomeReply(verdict), settings), deliveredTo };
          }
          case 'each': {
            const replies = verdict.outcomes.map(outcomeReply);
            const reply = replies.pop();
            if (!isLmtp || reply === undefined || verdict.outcomes.length !== count)
              return mismatch(question, verdict);
            const deliveredTo = verdict.outcomes.filter((outcome) => outcome.verdict === 'delivered').length;
            return { reply, earlier: replies, to: readyAfter(envelope), deliveredTo };
          }
          default:
            return mismatch(question, verdict);
        }
      },
    },
  };
}

/** The transaction is over with one answer; LMTP gives it for each recipient (RFC 2033 section 4.2). */
export function letterAnswered(envelope: Envelope, reply: Reply, { door }: Settings): Move {
  const to = readyAfter(envelope);
  if (door !== 'lmtp') return { reply, to };
  return { reply, earlier: envelope.recipients.slice(1).map(() => reply), to };
}

function outcomeReply(outcome: Outcome): Reply {
  switch (outcome.verdict) {
    case 'delivered':
      return say.delivered(outcome.id);
    case 'refused':
      return refusalReply(outcome.why);
    case 'fault':
      return say.fault(outcome.id);
  }
}
