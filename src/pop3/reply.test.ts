import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReply, say, showReply, type Reply } from './reply.ts';

/** Every reply, with what a hostile peer would put into it. */
function everyReply(): readonly (readonly [string, Reply])[] {
  const hostile = `\r\n+OK no\u{1f48c}${'x'.repeat(1000)}`;
  return Object.entries(say).map(([name, made]) => {
    if (typeof made !== 'function') return [name, made];
    const make = made as (...words: readonly unknown[]) => Reply;
    return [name, name === 'capabilities' ? make([hostile]) : make(hostile, hostile)];
  });
}

for (const [name, reply] of everyReply()) {
  test(`${name} is a line of ASCII that fits, whatever it is made of`, () => {
    const wire = formatReply(reply);
    assert.match(wire, /^(?:\+OK |-ERR |\+ )/);
    if (reply.status === '+') return;
    const [first = '', ...more] = wire.split('\r\n');
    assert.match(first, /^[ -~]*$/);
    // RFC 2449 section 4.
    assert(first.length + 2 <= 512);
    assert.equal(reply.code !== null, /^-ERR \[[A-Z/-]+\] /.test(first));
    assert.deepEqual(more.slice(-1), ['']);
    for (const line of more) assert.match(line, /^[ -~]*$/);
    if (reply.lines !== null) assert.equal(more.at(-2), '.');
  });
}

test('a challenge is as long as its base64, and a log has none of it', () => {
  const text = 'A'.repeat(12_288);
  assert.equal(formatReply(say.challenge(text)), `+ ${text}\r\n`);
  assert.equal(formatReply(say.challenge('')), '+ \r\n');
  assert.equal(showReply(say.challenge(text)), '+ ***');
});

test('a login that fails for what was sent says AUTH, and one that may succeed later does not (RFC 3206)', () => {
  assert.equal(showReply(say.authFailed), '-ERR [AUTH] Wrong user name or password');
  for (const reply of [
    say.authThrottled(1),
    say.authUnavailable(1),
    say.authFault('x'),
    say.maildropFault('x'),
  ])
    assert.equal(reply.code, 'SYS/TEMP');
  assert.equal(say.inUse.code, 'IN-USE');
});
