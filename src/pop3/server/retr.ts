import { MultilineWriter } from '../../bytes/multiline-writer.ts';
import { withAsciiHeader } from '../ascii-header.ts';
import { say, type Reply } from '../reply.ts';
import type { Question, Verdict } from '../session.ts';
import { TopLines } from '../top-lines.ts';
import { notThere } from './list.ts';
import { ask, mismatch, stay, type Handler, type Mode, type Move, type Transaction } from './stage.ts';

/** RETR (RFC 1939 section 5): the letter as it is kept. */
export const retr: Handler<{ verb: 'RETR'; number: number }, Transaction> = ({ number }, stage, { mode }) =>
  fetch(number, stage, { reply: say.letterFollows, lines: null, mode });

/** TOP (RFC 1939 section 7): the header and the first lines of the body. */
export const top: Handler<{ verb: 'TOP'; number: number; lines: number }, Transaction> = (
  { number, lines },
  stage,
  { mode },
) => {
  // A letter has no more lines than octets; many programs ask for all lines so, where RETR would mark it as seen elsewhere.
  const isWhole = stage.maildrop.look(number) === 'there' && lines >= stage.maildrop.sizeBytes(number);
  return fetch(number, stage, { reply: say.topFollows, lines: isWhole ? null : new TopLines(lines), mode });
};

/** What is wanted of a letter. */
type Wanted = {
  readonly reply: Reply;
  /** null where all of the letter is wanted. */
  readonly lines: TopLines | null;
  readonly mode: Mode;
};

function fetch(number: number, stage: Transaction, { reply, lines, mode }: Wanted): Move {
  const wrong = notThere(stage.maildrop, number);
  if (wrong !== null) return stay(stage, wrong);
  const question: Question = { ask: 'letter', number };
  const settle = (verdict: Verdict): Move => {
    switch (verdict.verdict) {
      case 'pieces': {
        const pieces = mode === 'ascii' ? withAsciiHeader(verdict) : verdict.pieces;
        return { ...send({ ...verdict, pieces }, { stage, lines, writer: new MultilineWriter() }), reply };
      }
      case 'refused':
        return stay(stage, say.letterGone(number));
      case 'fault':
        return stay(stage, say.letterFault(verdict.id));
      default:
        return mismatch(question, verdict);
    }
  };
  return { reply: null, to: ask(question, settle) };
}

/** A letter on its way out. */
type Sending = Pick<Wanted, 'lines'> & {
  readonly stage: Transaction;
  readonly writer: MultilineWriter;
};

function send({ pieces, isWhole }: Extract<Verdict, { verdict: 'pieces' }>, sending: Sending): Move {
  const { stage, lines, writer } = sending;
  const content = pieces.flatMap((piece) => writer.push(lines === null ? piece : lines.take(piece)));
  if (!isWhole && lines?.isDone !== true) return { reply: null, content, to: more(sending) };
  content.push(writer.end());
  const enough = isWhole ? {} : ({ enough: true } as const);
  return { reply: null, content, ...enough, to: stage };
}

function more(sending: Sending): Move['to'] {
  const question: Question = { ask: 'more' };
  return ask(question, (verdict) => {
    switch (verdict.verdict) {
      case 'pieces':
        return send(verdict, sending);
      case 'fault':
        // Half a letter must not pass for a whole one: the response never ends.
        return { reply: null, to: { at: 'closed' } };
      default:
        return mismatch(question, verdict);
    }
  });
}
