import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { isVerb, parseCommand, verbs, type Parsed } from './command.ts';

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
    if (parsed.is === 'wrong') assert.equal(parsed.usage.split(' ')[0], parsed.verb);
  });
}

const unknown = [
  '',
  ' ',
  ' NOOP',
  'NO',
  'NOOPS',
  'XYZZY',
  'LAST',
  'XTND',
  'RPOP',
  'HELP',
  '__proto__',
  'toString',
  'RſET',
  'QUıT',
];
for (const line of unknown) {
  test(`"${line}" is unknown`, () => {
    assert.deepEqual(parseCommand(line), { is: 'unknown' });
    assert.equal(isVerb(line), false);
  });
}

test('what a command says is what was written', () => {
  const parsed = (line: string): unknown => {
    const found = parseCommand(line);
    return found.is === 'command' ? found.command : found;
  };
  assert.deepEqual(parsed('PASS  two words '), { verb: 'PASS', password: ' two words ' });
  assert.deepEqual(parsed('USER a b'), { verb: 'USER', name: 'a b' });
  assert.deepEqual(parsed('AUTH plain ='), { verb: 'AUTH', mechanism: 'plain', initial: '=' });
  assert.deepEqual(parsed('AUTH LOGIN'), { verb: 'AUTH', mechanism: 'LOGIN', initial: null });
  assert.deepEqual(parsed('LIST'), { verb: 'LIST', number: null });
  assert.deepEqual(parsed('UIDL 012'), { verb: 'UIDL', number: 12 });
  assert.deepEqual(parsed('RETR 99999999999999999999'), { verb: 'RETR', number: 4_294_967_295 });
  assert.deepEqual(parsed('TOP 3 10'), { verb: 'TOP', number: 3, lines: 10 });
});

test('any line is one of three things', () => {
  const pieces = fc.constantFrom(' ', ...verbs, '1', '0', '-', '=', 'AAAA', 'ü', '__proto__', '\0');
  const line = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join('')),
  );
  const kinds = new Set<Parsed['is']>(['command', 'unknown', 'wrong']);
  fc.assert(
    fc.property(line, (text) => assert(kinds.has(parseCommand(text).is))),
    { numRuns: 20_000, interruptAfterTimeLimit: 1500 },
  );
});
