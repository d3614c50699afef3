import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mboxEntry } from './letters-mbox.ts';

const receivedAt = Date.UTC(2020, 6, 3, 1, 3, 5);
const entry = (letter: string | Buffer, prefix = '', reversePath = 'nu1@447.edu'): string =>
  Buffer.concat([
    ...mboxEntry({ reversePath, receivedAt }, Buffer.from(prefix), Buffer.from(letter)),
  ]).toString('latin1');

/** The letter of an entry, by the rules that `mboxEntry` states. */
const unquoted = (text: string): string =>
  text
    .slice(text.indexOf('\n') + 1, -1)
    .replaceAll(/^>(>*From )/gm, '$1')
    .replaceAll('\n', '\r\n');

/** RFC 4155 appendix A. */
test('an entry has its separator line, quoted lines and an empty line at the end', () => {
  assert.equal(
    entry('Subject: x\r\n\r\nFrom here\r\n>From there\r\nfrom\r\n From \r\n', 'Received: y\r\n'),
    'From nu1@447.edu Fri Jul  3 01:03:05 2020\nReceived: y\nSubject: x\n\n>From here\n>>From there\nfrom\n From \n\n',
  );
  assert.match(entry('x\r\n', '', ''), /^From MAILER-DAEMON Fri Jul {2}3 01:03:05 2020\nx\n\n$/);
  assert.match(entry('From nowhere'), /2020\n>From nowhere\n\n$/);
  assert.match(entry('a\rFrom b\r\n'), /2020\na\rFrom b\n\n$/);
  assert.match(entry(''), /2020\n\n$/);
});

test('every letter of whole CRLF lines comes back as it was', () => {
  const line = fc.oneof(
    fc.constantFrom('From ', '>From x', '>>>From ', 'From', '', ' From ', '\u00e9From '),
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
      const letter = Buffer.from(lines.map((each) => `${each}\r\n`).join(''));
      assert.equal(unquoted(entry(letter)), letter.toString('latin1'));
    }),
    { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false },
  );
});

test('a long letter comes back whole wherever its pieces end', () => {
  const around = 262_144;
  for (const length of [around - 7, around - 6, around - 2, around - 1, around, around + 1]) {
    const letter = `${'x'.repeat(length)}\r\nFrom a\r\n${'From b\r\n'.repeat(40_000)}`;
    assert.ok(unquoted(entry(letter)) === letter, String(length));
  }
  const one = Buffer.alloc(3 * around, 'From ');
  assert.equal(entry(one).length, 'From nu1@447.edu Fri Jul  3 01:03:05 2020\n'.length + 1 + one.length + 2);
});
