import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCommand, type ClientCommand } from './client/command.ts';
import { parseCommand, verbs, type Parsed } from './command.ts';

const rows = (name: string): string[] =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .split('\n')
    .filter((row) => row !== '');

for (const row of rows('command.valid.txt')) {
  test(`"${row}" is a command`, () => {
    const parsed = parseCommand(row);
    assert.equal(parsed.is, 'command', JSON.stringify(parsed));
    if (parsed.is === 'command') assert.equal(parsed.command.verb, row.split(' ')[0]?.toUpperCase());
  });
}

for (const row of rows('command.invalid.txt')) {
  test(`"${row}" is no command`, () => {
    const parsed = parseCommand(row);
    assert.equal(parsed.is, 'wrong', JSON.stringify(parsed));
    if (parsed.is !== 'wrong') return;
    assert.equal(parsed.verb, row.split(' ')[0]);
    assert(parsed.reply.code === 501 || parsed.reply.code === 555, `${parsed.reply.code}`);
  });
}

const unknown = [
  '',
  ' ',
  ' NOOP',
  'NO',
  'NOOPS',
  'XYZZY',
  '__proto__',
  'constructor x',
  'toString',
  'RſET',
  'QUıT',
];
for (const line of unknown) {
  test(`"${line}" is unknown`, () => assert.deepEqual(parseCommand(line), { is: 'unknown' }));
}

for (const line of ['EXPN list', 'expn', 'TURN', 'ETRN x', 'BURL', 'SEND', 'SOML', 'SAML'])
  test(`"${line}" is not implemented`, () => assert.deepEqual(parseCommand(line), { is: 'not-implemented' }));

test('any line is one of four things, and is so quickly', () => {
  const grammar = `MAIL FROM:< RCPT TO:< a @ b.example > SIZE= 1 " \\ : , = ü [ ] xn-- . __proto__ HTTP/ GET`;
  const pieces = fc.constantFrom(' ', ...verbs, ...grammar.split(' '));
  const line = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
  );
  const kinds = new Set<Parsed['is']>(['command', 'unknown', 'not-implemented', 'wrong']);
  fc.assert(
    fc.property(line, (text) => assert(kinds.has(parseCommand(text).is))),
    { numRuns: 20_000, interruptAfterTimeLimit: 1500 },
  );
});

/** Lines that would take long if any pattern went back over what it has read. */
const slow: readonly ((length: number) => string)[] = [
  (length) => `MAIL FROM:<a@b.example>${' '.repeat(length)}x=`,
  (length) => `MAIL FROM:<a@b.example> ${'A=1 '.repeat(length / 4)}`,
  (length) => `MAIL FROM:<a@b.example> AUTH=${'+2B'.repeat(length / 3)}+`,
  (length) => `MAIL FROM:<${'@a.example,'.repeat(length / 11)}:a@b.example>`,
  (length) => `MAIL FROM:<${'@xn--mgba3a4f16a.example,'.repeat(length / 25)}:a@b.example>`,
  (length) => `MAIL FROM:<${'a.'.repeat(length / 2)}@b.example>`,
  (length) => `RCPT TO:<a@${'a-'.repeat(length / 2)}>`,
  (length) => `RCPT TO:<"${'\\"'.repeat(length / 2)}`,
  (length) => `AUTH PLAIN ${'A'.repeat(length)}!`,
  (length) => `AUTH PLAIN${' '.repeat(length)}!`,
  (length) => `EHLO ${' '.repeat(length)}x y`,
  (length) => `VRFY ${' '.repeat(length)}`,
];
for (const make of slow) {
  test(`${make(60)}… takes no longer than its length`, () => {
    // A command line is at most 2048 octets; an AUTH line 12288.
    const line = make(12_288);
    // The quickest of some turns: the machine may have had something else to do in the others.
    let quickestMs = Infinity;
    for (let turn = 0; turn < 10; turn += 1) {
      const started = process.hrtime.bigint();
      parseCommand(line);
      quickestMs = Math.min(quickestMs, Number(process.hrtime.bigint() - started) / 1e6);
    }
    assert(quickestMs < 25, `${quickestMs} ms`);
  });
}

const mailbox = { localPart: 'a b', domain: 'b.example' };
const nothing = { requests: null, uses: [] };
const written: readonly (readonly [ClientCommand, object])[] = [
  [
    { send: 'EHLO', name: 'client.example' },
    { verb: 'EHLO', client: 'client.example' },
  ],
  [
    { send: 'MAIL', sender: null },
    {
      verb: 'MAIL',
      sender: null,
      parameters: { ...nothing, sizeBytes: null, body: '7BIT', smtpUtf8: false },
    },
  ],
  [
    { send: 'MAIL', sender: mailbox, sizeBytes: 7, body: '8BITMIME', smtpUtf8: true },
    {
      verb: 'MAIL',
      sender: mailbox,
      parameters: { ...nothing, sizeBytes: 7, body: '8BITMIME', smtpUtf8: true },
    },
  ],
  [
    { send: 'RCPT', recipient: mailbox },
    {
      verb: 'RCPT',
      recipient: { is: 'address', address: mailbox },
      parameters: { ...nothing, hasUtf8: false },
    },
  ],
  [
    { send: 'XENROL', address: mailbox },
    { verb: 'XENROL', address: mailbox },
  ],
  [{ send: 'DATA' }, { verb: 'DATA' }],
  [{ send: 'QUIT' }, { verb: 'QUIT' }],
];
for (const [command, expected] of written) {
  test(`what the client writes for ${JSON.stringify(command)} is what the server reads`, () => {
    assert(command.send !== 'content');
    assert.deepEqual(parseCommand(formatCommand(command).wire), { is: 'command', command: expected });
  });
}
