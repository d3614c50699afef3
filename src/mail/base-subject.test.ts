import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { baseSubject } from './base-subject.ts';

/** What RFC 5256 section 2.1 makes of subjects, step by step; `+` for a reply or a forwarded letter. */
const subjects: readonly (readonly [string, string])[] = [
  ['', ''],
  ['   ', ''],
  ['Lunch', 'Lunch'],
  // Step 1: encoded words, tabs and several spaces.
  ['=?utf-8?q?Caf=C3=A9?=', 'Café'],
  ['=?utf-8?q?Re=3A?= Lunch', 'Lunch +'],
  ['a\tb  c \t d', 'a b c d'],
  // Step 2: what trails.
  ['Lunch (fwd)', 'Lunch +'],
  ['Lunch(FWD) (fwd)  ', 'Lunch +'],
  ['(fwd)', ' +'],
  ['Lunch (fwd) today', 'Lunch (fwd) today'],
  ['Lunch (fwd', 'Lunch (fwd'],
  // Step 3: what leads.
  ['Re: Lunch', 'Lunch +'],
  ['RE: re: rE : Lunch', 'Lunch +'],
  ['Fw: Lunch', 'Lunch +'],
  ['Fwd : Lunch', 'Lunch +'],
  ['Re[2]: Lunch', 'Lunch +'],
  ['Re [2] : Lunch', 'Lunch +'],
  ['[list] Re: Lunch', 'Lunch +'],
  ['[a][b] [c]Fwd[d]: Lunch', 'Lunch +'],
  ['Re:', ' +'],
  ['Re: Re:', ' +'],
  ['Reply: Lunch', 'Reply: Lunch'],
  ['Re Lunch', 'Re Lunch'],
  ['Re[2][3]: Lunch', 'Re[2][3]: Lunch'],
  ['Forward: Lunch', 'Forward: Lunch'],
  ['AW: Lunch', 'AW: Lunch'],
  // Steps 4 and 5: what is in brackets, unless it is all that there is.
  ['[list] Lunch', 'Lunch'],
  ['[a] [b]Lunch', 'Lunch'],
  ['[list]', '[list]'],
  ['[a] [b]', '[b]'],
  ['[a] [b] (fwd)', '[b] +'],
  ['Re: [list]', '[list] +'],
  ['[list] Re: [other] Re: Lunch', 'Lunch +'],
  ['[nested [brackets]] Lunch', '[nested [brackets]] Lunch'],
  ['[open Lunch', '[open Lunch'],
  ['[] Lunch', 'Lunch'],
  ['Lunch [list]', 'Lunch [list]'],
  // Step 6: what is wrapped, and all of it again.
  ['[fwd: Lunch]', 'Lunch +'],
  ['[Fwd:Re: Lunch (fwd)] (fwd)', 'Lunch +'],
  ['[fwd: [fwd: [list] Lunch]]', 'Lunch +'],
  ['Re: [fwd: Lunch]', 'Lunch +'],
  ['[fwd: Lunch', '[fwd: Lunch'],
  ['[fwd:]', ' +'],
  ['[fwd: a] b', 'b'],
  ['[fwd: [a] b]', 'b +'],
  ['Re: \u{1f600}', '\u{1f600} +'],
];
for (const [subject, expected] of subjects)
  test(`base subject: ${JSON.stringify(subject)}`, () => {
    const { text, isReplyOrForward } = baseSubject(subject);
    assert.equal(`${text}${isReplyOrForward ? ' +' : ''}`, expected);
  });

const BLOB = '\\[[^[\\]]*\\] *';
const LEADER = new RegExp(`^(?:(?:${BLOB})*(?:re|fwd?) *(?:${BLOB})?:| )`, 'i');
const TRAILER = /(?:\(fwd\)| )$/i;
const BASE = /\S/;

/** The algorithm of RFC 5256 section 2.1 word for word, whatever time it takes. */
const slowly = (subject: string): string => {
  let text = subject.replaceAll(/\s+/g, ' ');
  for (;;) {
    while (TRAILER.test(text)) text = text.replace(TRAILER, '');
    for (let before = ''; before !== text;) {
      before = text;
      text = text.replace(LEADER, '');
      const blob = new RegExp(`^${BLOB}`).exec(text);
      if (before === text && blob !== null && BASE.test(text.slice(blob[0].length)))
        text = text.slice(blob[0].length);
    }
    if (!/^\[fwd:.*\]$/i.test(text)) return text;
    text = text.slice('[fwd:'.length, -1);
  }
};

test('property: the same as the algorithm word for word', () => {
  const piece = fc.constantFrom(
    'Re',
    'fwd',
    'Fw',
    ':',
    '[',
    ']',
    '[fwd:',
    '[x]',
    '(fwd)',
    ' ',
    ' ',
    '  ',
    'a',
    '(',
    ')',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const subject = pieces.join('');
      assert.equal(baseSubject(subject).text, slowly(subject));
      // What is found is its own base.
      assert.equal(baseSubject(baseSubject(subject).text).text, baseSubject(subject).text);
    }),
    { numRuns: 20_000, interruptAfterTimeLimit: 700, markInterruptAsFailure: false },
  );
});
