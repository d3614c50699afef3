import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldText } from '../mail/fold-text.ts';
import { hasTokens, queryTokens, textTokens, TokenWriter } from './words.ts';

const finds = (text: string, query: string): boolean => hasTokens(textTokens(text), queryTokens(query));

test('words are found in their order, next to each other, the last one perhaps only begun', () => {
  const text = 'The quick, brown fox (v2.0) jumps_over nu1@447.edu';
  for (const query of [
    'quick',
    'QUI',
    'the quick brown f',
    'fox v2',
    'v2.0',
    'over nu1@447.e',
    'edu',
    'jumps over',
  ])
    assert.ok(finds(text, query), query);
  for (const query of [
    'uick',
    'quick fox',
    'brown quick',
    'qui brown',
    'the quick brown fox v2 1',
    'edu the',
  ])
    assert.ok(!finds(text, query), query);
});

test('case, accents and the way a letter is written make no difference', () => {
  for (const [text, query] of [
    ['Grüße aus Köln', 'GRUSSE aus koln'],
    ['GRU\u0308SSE', 'gr\u00fc\u00dfe'],
    ['STRA\u1e9eE', 'strasse'],
    [
      '\u039f\u0394\u039f\u03a3 \u03a3\u03bf\u03c6\u03af\u03b1\u03c2',
      '\u03bf\u03b4\u03bf\u03c3 \u03c3\u03bf\u03c6\u03b9\u03b1\u03c3',
    ],
    ['\u0130stanbul', 'istanbul'],
    ['\uff26\uff55\uff4c\uff4c \uff11\uff12', 'full 12'],
    ['\ufb01ne', 'fine'],
    ['na\u00efve', 'naive'],
    ['Ти\u0301хий', 'тихий'],
    ['co\u00adop\u200dera\ufefftion', 'cooperation'],
    ['\u0645\u0640\u0640\u064e\u0631\u062d\u0628\u0627', '\u0645\u0631\u062d\u0628\u0627'],
    ['\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd', '\u05e9\u05dc\u05d5\u05dd'],
    ['\uff76\uff9e\uff97\uff7d', '\u30ac\u30e9\u30b9'],
  ] as const)
    assert.ok(finds(text, query), text);
  // A vowel sign is no accent.
  assert.ok(!finds('\u0915\u093f', '\u0915\u0941'));
});

test('any part of a text without spaces is found, and no text that only has its characters', () => {
  const text = '明日は東京都の天気がいいです。Tokyo 2024年';
  for (const query of [
    '東',
    '京',
    '都',
    '東京',
    '京都',
    '天気がいい',
    'す',
    '。',
    'です tok',
    '2024年',
    '年',
    'Tokyo',
  ])
    assert.ok(finds(text, query), query);
  for (const query of ['京東', '東都', '天気です', '東京 都', '日東', '2024 月'])
    assert.ok(!finds(text, query), query);
  assert.ok(finds('東京、京都', '東京 京都'));
  assert.ok(!finds('東京都', '東京 京都'));
  for (const [whole, part] of [
    ['한국어를', '국어'],
    ['สวัสดีครับ', 'ดีครับ'],
    ['\u{20000}\u{20001}\u{20002}', '\u{20001}\u{20002}'],
  ] as const)
    assert.ok(finds(whole, part), whole);
});

test('what has no word in it is everywhere', () => {
  for (const query of ['', ' ', '...', '\u{1f48c}', '\0', '\u0301']) {
    assert.deepEqual(queryTokens(query), []);
    assert.ok(finds('', query) && finds('a', query));
  }
  assert.ok(!finds('', 'a'));
});

test('a word without an end is cut, in the text as in what is looked for', () => {
  const long = 'ab'.repeat(50_000);
  assert.deepEqual(
    textTokens(`x ${long} y`).map(({ length }) => length),
    [1, 64, 1],
  );
  assert.ok(finds(`x ${long} y`, long));
  assert.ok(finds(`x ${long} y`, `${long} y`));
  assert.ok(textTokens('\u{1d51e}'.repeat(100))[0]?.isWellFormed());
  assert.ok(!finds('a'.repeat(63), 'a'.repeat(64)));
});

test('to fold twice is to fold once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
      assert.equal(foldText(foldText(text)), foldText(text));
    }),
    { interruptAfterTimeLimit: 1500, numRuns: 20_000 },
  );
});

/** Characters that meet each other: two scripts with spaces, two without, what separates, and what is passed over. */
const character = fc.constantFrom(
  ...Array.from(
    'aab\u00c0\u00e4\u00df\u03c3\u03c2\u0410東京か\u304b\u3099ก\u0e31  .\u0301\u200b"*\0\u{1f48c}\u{20000}',
  ),
);
const text = fc.array(character, { maxLength: 12, size: 'max' }).map((characters) => characters.join(''));

test('an index with what is written for it finds the same', () => {
  const db = new DatabaseSync(':memory:');
  db.exec("CREATE VIRTUAL TABLE found USING fts5 (text, tokenize = 'ascii', prefix = '1 2')");
  const insert = db.prepare('INSERT INTO found (rowid, text) VALUES (1, ?)');
  const look = db.prepare('SELECT 1 FROM found WHERE found MATCH ?');
  const writer = new TokenWriter();
  fc.assert(
    fc.property(
      text,
      fc.oneof(
        text,
        text.map((whole) => whole.slice(0, 3)),
      ),
      (whole, query) => {
        db.exec('DELETE FROM found');
        insert.run(writer.write(whole));
        const tokens = queryTokens(query);
        const found = tokens.length === 0 || look.get(`{text} : "${tokens.join(' ')}" *`) !== undefined;
        assert.equal(found, finds(whole, query));
      },
    ),
    { interruptAfterTimeLimit: 3000, numRuns: 5000 },
  );
  db.close();
});

test('what is written for an index has the tokens of the text, one after the other', () => {
  const db = new DatabaseSync(':memory:');
  db.exec(`CREATE VIRTUAL TABLE written USING fts5 (text, tokenize = 'ascii');
    CREATE VIRTUAL TABLE tokens USING fts5vocab (written, instance)`);
  const insert = db.prepare('INSERT INTO written (rowid, text) VALUES (1, ?)');
  const read = db.prepare('SELECT term FROM tokens ORDER BY offset');
  const writer = new TokenWriter();
  // Also longer than what is cut, and than what is remembered.
  const piece = fc.oneof(
    text,
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc
      .tuple(fc.constantFrom('a', 'Z9', '\u00e4', '\u6771', '\u{20000}'), fc.integer({ min: 20, max: 140 }))
      .map(([unit, times]) => unit.repeat(times)),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.constantFrom('', ' ', '-', '\u3002'),
      (pieces, between) => {
        const whole = pieces.join(between);
        db.exec('DELETE FROM written');
        insert.run(writer.write(whole));
        const written = read.all().map(({ term }) => term);
        assert.deepEqual(
          written,
          textTokens(whole).map((token) => token.toWellFormed()),
        );
      },
    ),
    { interruptAfterTimeLimit: 3000, numRuns: 5000 },
  );
  db.close();
});

test('what is cut out of a text without spaces is found in it', () => {
  const run = fc.array(fc.constantFrom(...Array.from('東京都か天ก')), {
    minLength: 1,
    maxLength: 8,
    size: 'max',
  });
  fc.assert(
    fc.property(run, fc.nat(7), fc.nat(7), text, (characters, from, length, around) => {
      const part = characters.slice(from, from + length + 1).join('');
      assert.ok(finds(`${around} ${characters.join('')} ${around}`, part));
    }),
    { interruptAfterTimeLimit: 1500, numRuns: 2000 },
  );
});
