import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../sasl/exchange.ts';
import { formatReply, say, showReply, type Reply } from './reply.ts';

const hostile = [
  'x',
  '',
  'a\r\n250 Injected',
  '\n',
  '\r',
  '\0\u001b[2J\u0085\u2028',
  `ü${String.fromCharCode(0xd800)}\u{1f600}`,
  'long '.repeat(2000),
];

type Maker = (...given: never[]) => Reply;

const numbered = new Set([
  'tooManyRecipients',
  'tooBig',
  'lineTooLong',
  'chunkTaken',
  'hugeChunk',
  'holdTooLong',
]);

/** A reply of each entry for each hostile argument; a number where a number is due. */
function replies(name: string, entry: Reply | Maker): Reply[] {
  if (typeof entry !== 'function') return [entry];
  // The arguments are of three shapes: text, a list of texts, a number.
  const make = entry as (...given: unknown[]) => Reply;
  return hostile.flatMap((text) => {
    if (name.endsWith('Throttled') || numbered.has(name)) return [make(Number.MAX_SAFE_INTEGER)];
    if (name === 'enrolElsewhere') return [make([text, text])];
    return [make(text, name === 'help' ? [text] : text, [text])];
  });
}

for (const [name, entry] of Object.entries(say)) {
  // What a challenge is made of is base64, and longer than other lines.
  if (name === 'challenge') continue;
  // RFC 3463 section 2: three numbers, the first of which says what the first digit of the code says.
  test(`say.${name} is a reply whatever is put in it`, () => {
    for (const reply of replies(name, entry)) {
      const wire = formatReply(reply);
      assert.match(wire, /^(?:[2-5]\d\d-[ -~]*\r\n)*[2-5]\d\d [ -~]*\r\n$/);
      for (const line of wire.split('\r\n').slice(0, -1)) {
        assert(line.length <= 510, `${line.length} octets`);
        assert.equal(Number(line.slice(0, 3)), reply.code);
        const status = /^\d\d\d[ -](\d)\.\d+\.\d+ /.exec(line);
        assert.equal(status === null, reply.enhanced === null, line);
        if (status !== null)
          assert.equal(status[1], line[0], 'the class of the status is the class of the code');
      }
    }
  });
}

test('replies that carry no enhanced status code are the ones that RFC 2034 section 4 leaves out, and 334', () => {
  const without = Object.entries(say).flatMap(([name, entry]) =>
    replies(name, entry).some(({ enhanced }) => enhanced === null) ? [name] : [],
  );
  assert.deepEqual(without, ['greeting', 'greetingLmtp', 'hello', 'ehlo', 'challenge', 'startData']);
});

test('a reply of several lines has its code on each', () => {
  assert.equal(
    formatReply(say.help('Now: EHLO', ['EHLO', 'QUIT'])),
    '214-2.0.0 Commands: EHLO QUIT\r\n214-2.0.0 Now: EHLO\r\n214 2.0.0 RFC 5321 describes them\r\n',
  );
});

test('a log shows no challenge and no password', () => {
  const secret = new Secret('12345447');
  assert.equal(showReply(say.challenge('c2VjcmV0')), '334 ***');
  assert.equal(
    showReply(say.enrolled('nu1@447.edu', secret.reveal())),
    '250 Enrolled nu1@447.edu, password ***',
  );
  assert(formatReply(say.enrolled('nu1@447.edu', secret.reveal())).includes('12345447'));
});
