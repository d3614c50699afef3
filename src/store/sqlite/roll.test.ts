import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LetterId, MailboxId } from '../port.ts';
import { Roll, type RollEntry } from './roll.ts';

const entryOf = (letter: number, mailbox: number, uid: number): RollEntry => ({
  letter,
  mailbox,
  uid,
  thread: letter * 2,
  modSeq: uid,
  flags: uid % 32,
  keywords: uid % 3 === 0 ? 'a b' : '',
  savedAt: uid + 1,
  receivedAt: uid + 2,
  servedBytes: uid + 3,
});

/** What the roll says, place by place. */
const told = (roll: Roll): readonly RollEntry[] =>
  Array.from({ length: roll.size }, (_, row) => {
    const at = (name: keyof Roll['columns']): number => roll.columns[name][row] ?? Number.NaN;
    return {
      letter: at('letter'),
      mailbox: at('mailbox'),
      uid: at('uid'),
      thread: at('thread'),
      modSeq: at('modSeq'),
      flags: at('flags'),
      keywords: roll.keywordTexts[at('keywords')] ?? 'none',
      savedAt: at('savedAt'),
      receivedAt: at('receivedAt'),
      servedBytes: at('servedBytes'),
    };
  });

const places = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 })), {
  selector: ([letter, mailbox]) => `${letter}/${mailbox}`,
  maxLength: 12,
});

test('a roll has what came into it and did not leave, by letter and mailbox, with what was read of it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(places, fc.array(fc.nat(20), { maxLength: 5 })), { maxLength: 6 }),
      (changes) => {
        const roll = new Roll();
        let known: readonly RollEntry[] = [];
        let uid = 0;
        for (const [come, leave] of changes) {
          const gone = new Set(leave.filter((row) => row < known.length));
          // What is there and comes again has left before.
          for (const [letter, mailbox] of come) {
            const row = roll.find(letter as LetterId, mailbox as MailboxId);
            if (row !== -1) gone.add(row);
          }
          const entries = come.map(([letter, mailbox]) => entryOf(letter, mailbox, ++uid));
          roll.change(gone, entries);
          known = [...known.filter((_, row) => !gone.has(row)), ...entries].sort(
            (one, other) => one.letter - other.letter || one.mailbox - other.mailbox,
          );
          assert.deepEqual(told(roll), known);
          for (let letter = 0; letter < 11; letter++)
            assert.equal(
              roll.has(letter as LetterId),
              known.some((entry) => entry.letter === letter),
            );
        }
      },
    ),
    { interruptAfterTimeLimit: 2000, numRuns: 2000 },
  );
});

test('what was read of a letter stands at each of its places, whatever comes between, until it is forgotten', () => {
  const roll = new Roll();
  roll.change(new Set(), [entryOf(2, 1, 1), entryOf(2, 2, 2), entryOf(5, 1, 3)]);
  roll.know(2 as LetterId, { sentAt: 7, subject: 8, sender: 9 });
  roll.change(new Set([2]), [entryOf(1, 1, 4), entryOf(2, 3, 5), entryOf(6, 1, 6)]);
  assert.deepEqual([...roll.columns.letter], [1, 2, 2, 2, 6]);
  assert.deepEqual([...roll.columns.subject], [0, 8, 8, 0, 0]);
  assert.deepEqual([...roll.columns.sentAt], [0, 7, 7, 0, 0]);
  roll.mark(2, { modSeq: 9, flags: 1, keywords: 'new' });
  assert.deepEqual(
    told(roll).map(({ modSeq, keywords }) => [modSeq, keywords]),
    [
      [4, ''],
      [1, ''],
      [9, 'new'],
      [5, ''],
      [6, 'a b'],
    ],
  );
  roll.forgetFacts();
  assert.deepEqual([...roll.columns.subject], [0, 0, 0, 0, 0]);
});
