import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLetterBounds } from './letter-bounds.ts';
import { LetterParser, type ParsedLetter } from './letter-parser.ts';
import { encodeStructure } from './structure-codec.ts';
import { summarize, summaryOf } from './summary.ts';

const parse = async (
  letter: string,
  searchableBytes = defaultLetterBounds.searchableBytes,
): Promise<ParsedLetter> => {
  const parser = new LetterParser({ ...defaultLetterBounds, searchableBytes });
  parser.push(Buffer.from(letter.replaceAll('\n', '\r\n')));
  return parser.end();
};

const multipart = (subtype: string, ...parts: string[]): string =>
  `Content-Type: multipart/${subtype}; boundary=b\n\n${parts.map((part) => `--b\n${part}\n`).join('')}--b--\n`;

test('a preview is one line of at most 256 characters, and tears none', async () => {
  const preview = async (letter: string): Promise<string> => (await parse(letter)).preview;
  assert.equal(await preview(`\n  one \t\n\n two\u00a0\u200b\ufeff three\n`), 'one two three');
  assert.equal(await preview(`\n${'x'.repeat(300)}`), 'x'.repeat(256));
  assert.equal(await preview(`\n${'x'.repeat(255)}\u{1f600}`), 'x'.repeat(255));
  assert.equal(await preview(`\n${' '.repeat(509)}xx\u{1f600}${' '.repeat(3000)}`), 'xx\u{1f600}');
  assert.equal(await preview(`\n${' '.repeat(2045)}xx\u{1f600}${' '.repeat(3000)}`), 'xx');
  assert.equal(await preview(`\n${' '.repeat(3000)}x`), '');
  assert.equal(await preview(`Content-Type: image/png\n\nPNG`), '');
  assert.equal(await preview(multipart('mixed', 'Content-Type: image/png\n\nPNG', '\ntext')), 'text');
  assert.equal(await preview(multipart('mixed', 'Content-Disposition: attachment\n\nfile')), '');
  assert.equal(
    await preview(multipart('alternative', 'Content-Type: text/html\n\n<p>rich', '\n \n')),
    'rich',
  );
});

test('a preview is found behind long styles, and behind much that is indexed before', async () => {
  const styled = `Content-Type: text/html\n\n<style>${'x'.repeat(60_000)}</style><p>text`;
  assert.equal((await parse(styled, 0)).preview, 'text');
  const late = multipart('mixed', `Content-Type: text/csv\n\n${'1,2\n'.repeat(100_000)}`, '\ntext');
  assert.equal((await parse(late, 1000)).preview, 'text');
});

test('what is gathered for the index is bounded, and may be nothing', async () => {
  const letter = multipart(
    'mixed',
    `\n${'\u00fc'.repeat(2000)}`,
    'Content-Type: text/html; name=x\n\n<p>second',
    '\nthird',
  );
  const { searchable } = await parse(letter);
  assert.deepEqual(searchable, { body: `${'\u00fc'.repeat(2000)}\nsecond\nthird`, attachmentNames: ['x'] });
  const none = await parse(letter, 0);
  assert.deepEqual(none.searchable, { body: '', attachmentNames: [] });
  assert.deepEqual({ ...none, searchable }, await parse(letter));
  const { body } = (
    await parse(multipart('mixed', ...Array.from({ length: 9 }, () => `\n${'\u00fc'.repeat(5000)}`)), 30_001)
  ).searchable;
  // No character is torn; the first four are sure to have enough for a preview.
  assert.match(body, /^[\u00fc\n]+$/);
  assert.ok(Buffer.byteLength(body) < 30_001 + 4 * 4096);
});

test('a text whose words stand in the next one, all together and whole, is not indexed twice', async () => {
  const body = async (plain: string, html: string): Promise<string> => {
    const letter = multipart('alternative', `\n${plain}`, `Content-Type: text/html\n\n${html}`);
    return (await parse(letter)).searchable.body;
  };
  assert.equal(await body('one two\nthree', '<p>Zero one  two&nbsp;three four'), 'Zero one two three four');
  for (const [plain, html] of [
    ['art foo', 'smart foo'],
    ['foo bar', 'foo bars'],
    ['one two', 'one, two'],
    ['one two', 'one and two'],
  ] as const)
    assert.equal(await body(plain, `<p>${html}`), `${plain}\n${html}`);
});

test('the chunks are the caller\u2019s again', async () => {
  const parser = new LetterParser();
  for (const text of [multipart('mixed', `\n${'x'.repeat(5000)}`).replaceAll('\n', '\r\n')]) {
    const chunk = Buffer.from(text);
    parser.push(chunk);
    chunk.fill(0);
  }
  assert.equal((await parser.end()).searchable.body, 'x'.repeat(5000));
});

test('what is stored of a letter is small, and sums it up', async () => {
  const simple =
    'Date: Tue, 24 Nov 2026 11:00:00 +0100\nFrom: Jim Knopf <jim@example.org>\nTo: Lukas <lukas@example.org>\n' +
    'Subject: Lunch\nMessage-ID: <CAF1234567890abcdef@mail.example.org>\n' +
    'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\ntext\n';
  const parsed = await parse(simple);
  assert.ok(encodeStructure(parsed).length < 200);
  assert.deepEqual(summaryOf(parsed.envelope), summarize(Buffer.from(simple)));
});
