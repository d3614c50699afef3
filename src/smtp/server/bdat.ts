import { TextLines } from '../../bytes/text-lines.ts';
import type { Chunk } from '../command.ts';
import { say, type Reply } from '../reply.ts';
import type { Question } from '../session.ts';
import { letterAnswered, letterEnded } from './data.ts';
import {
  mismatch,
  stay,
  type CommandStage,
  type Context,
  type Handler,
  type Move,
  type Stage,
} from './stage.ts';
import { refusalReply } from './verdicts.ts';

type ChunkStage = Extract<Stage, { at: 'chunk' }>;

/**
 * BDAT (RFC 3030 section 2): the next chunk of a letter. The first asks for room.
 *
 * A letter that is text has whole lines when it is taken, and one with BODY=BINARYMIME says so in its envelope and
 * leaves by BDAT only. So nothing that came in by BDAT ends a line, or a letter, somewhere else for the next server.
 */
export const bdat: Handler<Chunk> = (command, stage, context) => {
  const refuse = (reply: Reply): Move => refuseChunk(command, stage, reply, context);
  if (stage.at !== 'transaction' && stage.at !== 'chunks') return refuse(say.mailFirst);
  const { envelope } = stage;
  if (stage.at === 'chunks' && stage.letter === null) return refuse(say.chunkRefused);
  const letter = (stage.at === 'chunks' ? stage.letter : null) ?? {
    sizeBytes: 0,
    lines: envelope.body === 'BINARYMIME' ? null : new TextLines(),
  };
  const { sizeBytes: chunkBytes, isLast } = command;
  const { messageBytes } = context.settings.limits;
  if (letter.sizeBytes + chunkBytes > messageBytes) return refuse(say.tooBig(messageBytes));
  const to: ChunkStage = { at: 'chunk', envelope, letter, chunkBytes, leftBytes: chunkBytes, isLast };
  if (stage.at === 'chunks') return { reply: null, to };
  const question: Question = { ask: 'room', envelope };
  return {
    reply: null,
    to: {
      at: 'asking',
      question,
      settle: (verdict) => {
        switch (verdict.verdict) {
          case 'accepted':
            return { reply: null, to };
          case 'refused':
            return refuse(refusalReply(verdict.why));
          case 'fault':
            return refuse(say.fault(verdict.id));
          default:
            return mismatch(question, verdict);
        }
      },
    },
  };
};

/** Refuses a chunk: its octets are thrown away, the reply comes behind them, and the letter cannot be made whole. */
export function refuseChunk(chunk: Chunk, stage: CommandStage, reply: Reply, context: Context): Move {
  const { limits } = context.settings;
  // Who may not send a letter now has no claim to have a larger one read than there is.
  const most = clientMaySend(stage) ? limits.discardedMessageBytes : limits.messageBytes;
  if (chunk.sizeBytes > most) return stay({ at: 'closed' }, say.hugeChunk(most));
  return discarding(chunk.sizeBytes, chunk.isLast, stage, reply, context);
}

const clientMaySend = ({ at }: CommandStage): boolean => at === 'transaction' || at === 'chunks';

/** The octets of a chunk are there; the last one makes the letter whole. */
export function chunkEnded(stage: ChunkStage, context: Context): Move {
  const { envelope, letter, chunkBytes, isLast } = stage;
  if (!isLast) return { reply: say.chunkTaken(chunkBytes), to: { at: 'chunks', envelope, letter } };
  const isWhole = letter.lines === null || letter.lines.mayEnd;
  return isWhole
    ? letterEnded(envelope, context)
    : letterAnswered(envelope, say.bareInChunk, context.settings);
}

/** A chunk of text has a CR or LF alone: what is left of it is thrown away, and what came before is of no use. */
export function chunkBroken({ envelope, isLast }: ChunkStage, leftBytes: number, context: Context): Move {
  return discarding(leftBytes, isLast, { at: 'chunks', envelope, letter: null }, say.bareInChunk, context);
}

function discarding(
  leftBytes: number,
  isLast: boolean,
  stage: CommandStage,
  reply: Reply,
  { settings }: Context,
): Move {
  return { reply: null, to: { at: 'discarding', leftBytes, after: spoiled() } };

  function spoiled(): Move {
    if (stage.at !== 'transaction' && stage.at !== 'chunks') return stay(stage, reply);
    const { envelope } = stage;
    if (isLast) return letterAnswered(envelope, reply, settings);
    return stay({ at: 'chunks', envelope, letter: null }, reply);
  }
}
