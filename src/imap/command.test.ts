import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommand } from './command.ts';
import type { Gathered } from './command-reader.ts';

const gathered = (...parts: (string | Buffer)[]): Gathered => ({
  texts: parts.filter((part) => typeof part === 'string'),
  literals: parts.filter((part) => Buffer.isBuffer(part)).map((octets) => ({ octets, isBinary: false })),
});

test('any text is a command, or is said to be none, and never a throw', () => {
  const words = fc.constantFrom(
    'a ',
    'UID ',
    'FETCH ',
    'STORE ',
    'LIST ',
    'APPEND ',
    'SELECT ',
    'STATUS ',
    'ID ',
    'LOGIN ',
    'AUTHENTICATE ',
    '1:*',
    '1,2',
    '*',
    '(',
    ')',
    ' ',
    '"',
    '\\',
    'BODY',
    '[',
    ']',
    '<0.1>',
    'HEADER.FIELDS',
    'FLAGS',
    '+',
    '.SILENT',
    'NIL',
    'INBOX',
    '%',
    '\\Seen',
    '$x',
    '\u00ff',
    '{',
    '}',
    '4294967295',
    '99999999999999999999',
    '~',
  );
  const part = fc.array(words, { maxLength: 8 }).map((parts) => parts.join(''));
  const literals = fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 3 });
  fc.assert(
    fc.property(part, literals, fc.array(part, { minLength: 3, maxLength: 3 }), (first, octets, rest) => {
      const parts = octets.flatMap((bytes, index) => [Buffer.from(bytes), rest[index] ?? '']);
      const parsed = parseCommand(gathered(first, ...parts));
      assert(['command', 'no-tag', 'unknown', 'wrong'].includes(parsed.is));
    }),
    { numRuns: 20_000, interruptAfterTimeLimit: 2000 },
  );
});

test('parentheses nested as deep as a command can be cost nothing', () => {
  const deep = '('.repeat(1_000_000);
  for (const text of [
    `a FETCH 1 ${deep}`,
    `a STORE 1 FLAGS ${deep}`,
    `a STATUS x ${deep}`,
    `a ID ${deep}`,
    `a ${deep}`,
  ]) {
    const parsed = parseCommand(gathered(text));
    assert.equal(parsed.is, text === `a ${deep}` ? 'unknown' : 'wrong');
  }
});

test('a set of tens of thousands of numbers is read in no time', () => {
  const numbers = Array.from({ length: 30_000 }, () => '1').join(',');
  const parsed = parseCommand(gathered(`a FETCH ${numbers} FLAGS`));
  assert(parsed.is === 'command' && parsed.command.name === 'FETCH');
  assert.equal(parsed.command.set.length, 30_000);
});

test('what a peer names is looked up in a table of names and nowhere else', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'UID __proto__', 'UID LOGIN'])
    assert.equal(parseCommand(gathered(`a ${name} 1 FLAGS`)).is, 'unknown');
});

test('what is asked for twice is answered once, and there is an end to how much one command can ask', () => {
  const twice = parseCommand(gathered(`a FETCH 1 (${'BODY[] '.repeat(9000)}FLAGS)`));
  assert(twice.is === 'command' && twice.command.name === 'FETCH');
  assert.deepEqual(
    twice.command.items.map(({ item }) => item),
    ['BODY[]', 'FLAGS'],
  );
  const parts = (count: number): string =>
    Array.from({ length: count }, (_, at) => `BODY[${at + 1}]`).join(' ');
  assert.equal(parseCommand(gathered(`a FETCH 1 (${parts(128)})`)).is, 'command');
  assert.equal(parseCommand(gathered(`a FETCH 1 (${parts(129)})`)).is, 'wrong');
  const patterns = (count: number): string => Array.from({ length: count }, () => '*').join(' ');
  assert.equal(parseCommand(gathered(`a LIST "" (${patterns(100)})`)).is, 'command');
  assert.equal(parseCommand(gathered(`a LIST "" (${patterns(101)})`)).is, 'wrong');
});

test('a string of tens of thousands of characters is read', () => {
  const text = 'x\\"'.repeat(20_000);
  const parsed = parseCommand(gathered(`a SEARCH SUBJECT "${text}"`));
  assert(parsed.is === 'command' && parsed.command.name === 'SEARCH');
  assert.deepEqual(parsed.command.key, { key: 'field', name: 'subject', text: 'x"'.repeat(20_000) });
});
