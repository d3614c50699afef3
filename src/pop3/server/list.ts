import type { MarkedMaildrop } from '../maildrop.ts';
import { say, type Reply } from '../reply.ts';
import type { Question, Verdict } from '../session.ts';
import { ask, mismatch, stay, type Handler, type Move, type Transaction } from './stage.ts';

/** STAT (RFC 1939 section 5): how many letters there are that are not to be removed, and their octets. */
export const stat: Handler<{ verb: 'STAT' }, Transaction> = (_, stage) =>
  stay(stage, say.stat(stage.maildrop.leftCount, stage.maildrop.leftBytes));

/** LIST (RFC 1939 section 5) and UIDL (RFC 1939 section 7): of one letter or of all, sizes or names. */
export const list: Handler<{ verb: 'LIST' | 'UIDL'; number: number | null }, Transaction> = (
  { verb, number },
  stage,
) => {
  const { maildrop } = stage;
  const what = (of: number): number | string =>
    verb === 'LIST' ? maildrop.sizeBytes(of) : maildrop.uniqueId(of);
  if (number !== null) return stay(stage, notThere(maildrop, number) ?? say.one(number, what(number)));
  const reply = verb === 'LIST' ? say.listFollows(maildrop.leftCount, maildrop.leftBytes) : say.idsFollow;
  return { ...listFrom(1, stage, what), reply };
};

/** The reply where a letter of that number is none; null where it is one. */
export function notThere(maildrop: MarkedMaildrop, number: number): Reply | null {
  switch (maildrop.look(number)) {
    case 'there':
      return null;
    case 'marked':
      return say.letterDeleted(number);
    case 'none':
      return say.noSuchLetter(maildrop.count);
  }
}

/** As many lines as are put together before the peer has to fetch them. */
const pieceCharacters = 32_768;

function listFrom(first: number, stage: Transaction, what: (number: number) => number | string): Move {
  const { maildrop } = stage;
  let text = '';
  let number = first;
  for (; number <= maildrop.count && text.length < pieceCharacters; number += 1)
    if (maildrop.look(number) === 'there') text += `${number} ${what(number)}\r\n`;
  if (number > maildrop.count)
    return { reply: null, content: [Buffer.from(`${text}.\r\n`, 'latin1')], to: stage };
  const question: Question = { ask: 'room' };
  const settle = (verdict: Verdict): Move =>
    verdict.verdict === 'accepted' ? listFrom(number, stage, what) : mismatch(question, verdict);
  return { reply: null, content: [Buffer.from(text, 'latin1')], to: ask(question, settle) };
}
