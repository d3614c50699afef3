import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatThreads, orderedSubject, references, type Thread, type ThreadLetter } from './threading.ts';

/** `1 a <- b c: subject` is letter 1 with identifier a, which answers c, and that b; `Re:` before the subject marks an answer. */
function letters(...lines: readonly string[]): ThreadLetter[] {
  return lines.map((line, index) => {
    const [, uid = '', own = '', named = '', subject = ''] =
      /^(\d+) (\S*)(?: <- ([^:]*))?: ?(.*)$/.exec(line) ?? [];
    return {
      uid: Number(uid),
      sentAt: index,
      subject: subject.replace(/^Re: /, ''),
      isReplyOrForward: subject.startsWith('Re: '),
      own: own === '' ? null : own,
      ancestors: named.split(' ').filter((id) => id !== ''),
    };
  });
}

const shown = (threads: readonly Thread[]): string => formatThreads(threads, (uid) => uid);

const bySubject: readonly (readonly [what: string, lines: readonly string[], threads: string])[] = [
  ['nothing', [], ''],
  ['two subjects', ['1 : a', '2 : b'], '(1)(2)'],
  ['two of one', ['1 : a', '2 : b', '3 : a'], '(1 3)(2)'],
  ['three of one', ['1 : a', '2 : a', '3 : a'], '(1 (2)(3))'],
];
for (const [what, lines, threads] of bySubject)
  test(`ORDEREDSUBJECT: ${what}`, () => assert.equal(shown(orderedSubject(letters(...lines))), threads));

const byReferences: readonly (readonly [what: string, lines: readonly string[], threads: string])[] = [
  ['nothing', [], ''],
  ['an answer', ['1 a: x', '2 b <- a: Re: x'], '(1 2)'],
  ['an answer that is there before its question', ['1 b <- a: Re: x', '2 a: x'], '(2 1)'],
  ['a chain', ['1 a: x', '2 b <- a: x', '3 c <- a b: x', '4 d <- a b c: x'], '(1 2 3 4)'],
  ['two answers', ['1 a: x', '2 b <- a: y', '3 c <- a: z'], '(1 (2)(3))'],
  [
    'an answer to an answer and another',
    ['1 a: x', '2 b <- a: y', '3 c <- a b: z', '4 d <- a: w'],
    '(1 (2 3)(4))',
  ],
  ['a question that is missing, with one answer', ['1 b <- a: x'], '(1)'],
  ['a question that is missing, with two', ['1 b <- a: x', '2 c <- a: y'], '((1)(2))'],
  ['one missing in the middle', ['1 a: x', '3 c <- a b: x'], '(1 3)'],
  ['two below one that is missing in the middle', ['1 a: x', '3 c <- a b: x', '4 d <- a b: x'], '(1 (3)(4))'],
  ['one identifier twice', ['1 a: x', '2 a: y', '3 b <- a: z'], '(1 3)(2)'],
  ['a circle', ['1 a <- b: x', '2 b <- a: y'], '(2 1)'],
  ['one that answers itself', ['1 a <- a: x'], '(1)'],
  [
    'what it says itself counts before what others say',
    ['1 a: x', '2 z: y', '3 c <- a b: w', '4 b <- z: v'],
    '(1)(2 4 3)',
  ],
  ['one subject: an answer without references', ['1 a: x', '2 b: Re: x'], '(1 2)'],
  ['one subject: two questions', ['1 a: x', '2 b: x'], '((1)(2))'],
  ['one subject: two answers', ['1 a: Re: x', '2 b: Re: x'], '((1)(2))'],
  ['one subject: the question comes last', ['1 a: Re: x', '2 b: x'], '(2 1)'],
  ['one subject: three questions', ['1 a: x', '2 b: x', '3 c: x'], '((1)(2)(3))'],
  ['no subject joins nothing', ['1 a:', '2 b:'], '(1)(2)'],
  [
    'two missing questions of one subject',
    ['1 b <- a: x', '2 c <- a: x', '3 e <- d: x', '4 f <- d: x'],
    '((1)(2)(3)(4))',
  ],
  [
    'a letter below the missing question of its subject',
    ['1 b <- a: x', '2 c <- a: x', '3 e: x'],
    '((1)(2)(3))',
  ],
];
for (const [what, lines, threads] of byReferences)
  test(`REFERENCES: ${what}`, () => assert.equal(shown(references(letters(...lines))), threads));

test('every letter is in one thread, once, whatever they say of each other', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const letter = fc.record({
    sentAt: fc.nat(3),
    subject: fc.constantFrom('', 'x', 'y'),
    isReplyOrForward: fc.boolean(),
    own: fc.option(id),
    ancestors: fc.array(id, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 12 }), (given) => {
      const numbered = given.map((one, index) => ({ ...one, uid: index + 1 }));
      for (const thread of [orderedSubject, references]) {
        const found = (shown(thread(numbered)).match(/\d+/g) ?? [])
          .map(Number)
          .sort((one, other) => one - other);
        assert.deepEqual(
          found,
          numbered.map(({ uid }) => uid),
        );
      }
    }),
    { numRuns: 5000, interruptAfterTimeLimit: 1500 },
  );
});

test('a hundred thousand answers to one another take neither stack nor long', () => {
  const chain = Array.from({ length: 100_000 }, (_, index) => ({
    uid: index + 1,
    sentAt: index,
    subject: '',
    isReplyOrForward: false,
    own: `m${index}`,
    ancestors: index === 0 ? [] : [`m${index - 1}`],
  }));
  const text = shown(references(chain));
  assert.equal(text.match(/\d+/g)?.length, 100_000);
});
