import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from './envelope.ts';
import { parseMessageIds, threadIds, threadReferences } from './message-ids.ts';

const fields: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  ['<a@b>', ['a@b']],
  [' <a@b>\t<c@d> ', ['a@b', 'c@d']],
  ['<a@b><c@d>,<e@f>', ['a@b', 'c@d', 'e@f']],
  ['<a@b> <a@b>', ['a@b']],
  ['(comment) <a@b> "from Jim" <jim@c>', ['a@b', 'jim@c']],
  ['<a b@c\t d>', ['ab@cd']],
  ['<no-at-sign>', ['no-at-sign']],
  ['a@b', ['a@b']],
  ['a@b c@d', []],
  ['Your message of Tuesday', []],
  ['<> < > <<a@b>>', ['a@b']],
  ['<open', []],
  ['<"a b"@c>', ['"ab"@c']],
  [`<${'x'.repeat(999)}> <a@b>`, ['a@b']],
];
for (const [value, ids] of fields)
  test(`message identifiers: ${JSON.stringify(value.slice(0, 60))}`, () =>
    assert.deepEqual(parseMessageIds(value), ids));

const envelope = (ids: Partial<Envelope>): Envelope => ({
  date: null,
  subject: null,
  from: null,
  sender: null,
  replyTo: null,
  to: null,
  cc: null,
  bcc: null,
  inReplyTo: null,
  messageId: null,
  references: null,
  ...ids,
});

test('what RFC 5256 section 3 threads a letter by', () => {
  assert.deepEqual(threadReferences(envelope({})), { own: null, ancestors: [] });
  assert.deepEqual(
    threadReferences(
      envelope({
        messageId: '<"01KF8JCEOCBS0045PS"@xxx.yyy.com>',
        references: '<a@b> <c@d>',
        inReplyTo: '<e@f>',
      }),
    ),
    { own: '01KF8JCEOCBS0045PS@xxx.yyy.com', ancestors: ['a@b', 'c@d'] },
  );
  assert.deepEqual(threadReferences(envelope({ references: 'none', inReplyTo: '<a@b> <jim@c>' })).ancestors, [
    'a@b',
  ]);
  assert.equal(threadReferences(envelope({ messageId: '<"a\\"b"@c> <d@e>' })).own, 'a"b@c');
});

test('what RFC 8621 section 3 threads a letter by', () => {
  assert.deepEqual(threadIds(envelope({})), []);
  assert.deepEqual(
    threadIds(
      envelope({ messageId: '<own@x>', inReplyTo: '<p@x> <q@x>', references: '<root@x> <p@x> <own@x>' }),
    ),
    ['own@x', 'p@x', 'q@x', 'root@x'],
  );
  const references = Array.from({ length: 300 }, (_, at) => `<${at}@x>`).join(' ');
  const ids = threadIds(envelope({ messageId: '<own@x>', references }));
  assert.equal(ids.length, 101);
  assert.deepEqual([...ids.slice(0, 3), ids.at(-1)], ['own@x', '0@x', '201@x', '299@x']);
});
