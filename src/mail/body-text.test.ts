import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { plainText, readLetterText } from './body-text.ts';

const text = (letter: string | Uint8Array, limit = 1000): string =>
  plainText(typeof letter === 'string' ? Buffer.from(letter.replaceAll('\n', '\r\n')) : letter, limit);

test('one part', () => {
  assert.equal(text('Subject: x\n\nHello\n\nBye\n'), 'Hello\n\nBye\n');
  assert.equal(text('\nHello'), 'Hello');
  assert.equal(
    text('Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8BIT\n\ngrüße'),
    'grüße',
  );
  assert.equal(text('Content-Transfer-Encoding: Quoted-Printable\n\ngr=C3=BC=\n=C3=9Fe'), 'grüße');
  assert.equal(
    text('Content-Type: text/plain; charset="UTF-8"\nContent-Transfer-Encoding: base64\n\nZ3LD\nvMOfZQ==\n'),
    'grüße',
  );
  assert.equal(
    text('Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=FC'),
    'ü',
  );
  assert.equal(text(Buffer.from('Content-Type: text/plain; charset=klingon\r\n\r\n\xfc', 'latin1')), 'ü');
  assert.equal(text('Content-Type: nonsense\n\nHello'), 'Hello');
});

test('no terminal control gets through, and the limit tears no character', () => {
  assert.equal(text(Buffer.from('\r\na\u001b[2J\u009bb\tc\rd')), 'a\ufffd[2J\ufffdb\tc\nd');
  assert.equal(text('\nab😀', 3), 'ab');
  assert.equal(text(`\n${'é'.repeat(5000)}`, 10), 'é'.repeat(10));
  assert.equal(text(`\nx${'é'.repeat(5000)}`, 10), `x${'é'.repeat(9)}`);
});

test('a letter without a header is text from its first line on', () => {
  assert.equal(text('Hello you\nSubject: x\n\nBye\n'), 'Hello you\nSubject: x\n\nBye\n');
  assert.equal(text('Hello'), 'Hello');
  assert.equal(text(' folded: x\n\nBye'), ' folded: x\n\nBye');
  assert.equal(text(': x\n'), ': x\n');
  assert.equal(text(`${'x'.repeat(300_000)}\n`, 10), 'x'.repeat(10));
  assert.equal(text(''), '');
  assert.equal(text('Subject : x\n\nBye'), 'Bye');
  assert.equal(text(`Subject: ${'x'.repeat(300_000)}\n\nBye`), 'Bye');
});

const multipart = (boundary: string, ...parts: string[]): string =>
  `Content-Type: multipart/mixed; boundary="${boundary}"\n\npreamble\n${parts.map((part) => `--${boundary}\n${part}\n`).join('')}--${boundary}--\nepilogue\n`;
const html = 'Content-Type: text/html\n\n<p>';

test('the first plain part', () => {
  assert.equal(
    text(multipart('b', html, '\nfirst\n--bx\n--b x\n x--b\nend', '\nsecond')),
    'first\n--bx\n--b x\n x--b\nend',
  );
  assert.equal(
    text(multipart('a', html, multipart('a b', html, 'Content-Type: text/plain\n\ninner'), '\nouter')),
    'inner',
  );
  assert.equal(
    text(
      multipart('b', 'Content-Type: text/plain\nContent-Disposition: attachment; filename=x\n\nno', '\nyes'),
    ),
    'yes',
  );
  assert.equal(text('Content-Type: multipart/mixed; boundary=b\n\n--b\n\nnever closed'), 'never closed');
  assert.equal(text(multipart('b', '')), '');
});

test('a letter without a plain part says what it is', () => {
  assert.equal(text(html), '[This letter is text/html, 30 bytes, and has no plain text.]');
  assert.match(
    text(multipart('b', html)),
    /^\[This letter is multipart\/mixed, \d+ bytes, and has no plain text\.\]$/,
  );
  assert.match(text('Content-Type: multipart/mixed\n\n--\n\nx\n'), /multipart\/mixed/);
});

test('nesting and numbers of parts are bounded', () => {
  let deep = '\nbottom';
  for (let depth = 0; depth < 50; depth++) deep = multipart(`b${depth}`, deep);
  assert.equal(text(deep), 'bottom');
  assert.match(text(multipart('one-more', deep)), /no plain text/);
  const many = (count: number): string =>
    multipart('b', ...Array.from({ length: count }, () => html), '\nlate');
  assert.equal(text(many(998)), 'late');
  assert.match(text(many(999)), /no plain text/);
});

test('property: any letter gives text within the limit that a terminal can show', () => {
  const soup = fc.array(
    fc.constantFrom(
      '--b',
      '\n',
      '\n\n',
      'Content-Type: multipart/x; boundary=b',
      'Content-Type: text/plain',
      'x',
      '\u001b',
      '=C3',
      '--',
      'é',
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(soup, fc.nat(40), (pieces, limit) => {
      const shown = text(pieces.join(''), limit);
      assert.ok(shown.length <= limit);
      assert.doesNotMatch(shown, /[^\P{Cc}\t\n]/u);
    }),
    { interruptAfterTimeLimit: 700, markInterruptAsFailure: false },
  );
});

const attached = (letter: string): readonly string[] =>
  readLetterText(Buffer.from(letter.replaceAll('\n', '\r\n')), 1000).attachments;
const file = (disposition: string, type = 'application/pdf', body = 'x'): string =>
  `Content-Type: ${type}\nContent-Disposition: ${disposition}\n\n${body}`;

test('parts that are not shown are told of', () => {
  assert.deepEqual(attached('Subject: x\n\nHello'), []);
  assert.deepEqual(
    attached(multipart('b', '\nHello', file('attachment; filename="a b.pdf"', undefined, 'four'))),
    ['[Attachment: a b.pdf (application/pdf, about 4 bytes)]'],
  );
  const encoded = `Content-Type: image/png; name=p.png\nContent-Transfer-Encoding: base64\n\n${'QUJD'.repeat(19)}`;
  assert.deepEqual(attached(multipart('b', '\nHello', encoded, '\nmore', html)), [
    '[Attachment: p.png (image/png, about 57 bytes)]',
    '[Attachment (text/plain, about 4 bytes)]',
    '[Attachment (text/html, about 3 bytes)]',
  ]);
  assert.deepEqual(attached(file('attachment; filename=all.pdf')), [
    '[Attachment: all.pdf (application/pdf, about 1 bytes)]',
  ]);
  assert.deepEqual(attached(html), []);
});

test('the other form of a text that is shown is no attachment', () => {
  const both = multipart('a', '\nHello', html).replace('mixed', 'alternative');
  assert.deepEqual(attached(both), []);
  assert.deepEqual(attached(multipart('b', both, file('inline; filename=x.pdf'))), [
    '[Attachment: x.pdf (application/pdf, about 1 bytes)]',
  ]);
  const without = multipart('a', html).replace('mixed', 'alternative');
  assert.deepEqual(attached(without), ['[Attachment (text/html, about 3 bytes)]']);
});

test('names of attachments', () => {
  const named: readonly (readonly [string, string])[] = [
    ['attachment', ''],
    ['attachment; filename=x', 'x'],
    ["attachment; filename=x; filename*=UTF-8'de'gr%C3%BC%C3%9Fe%20du", 'grüße du'],
    ["attachment; filename*=iso-8859-1''%FC", 'ü'],
    ["attachment; filename*=klingon''%FC", "klingon''%FC"],
    ['attachment; filename*0="long "; filename*1=name', 'long name'],
    ["attachment; filename*0*=utf-8''%C3; filename*1*=%BC; filename*2=%41", 'ü%41'],
    ['attachment; filename="=?utf-8?q?gr=C3=BC=C3=9Fe?="', 'grüße'],
    ["attachment; filename*=utf-8''a%0D%0A%1B%5B2Jb%E2%80%AEc", 'a  [2Jb\ufffdc'],
    [`attachment; filename=${'n'.repeat(500)}`, 'n'.repeat(100)],
    ['attachment; __proto__=x', ''],
  ];
  for (const [disposition, name] of named) {
    const [line] = attached(multipart('b', '\nHello', file(disposition)));
    const shown = name === '' ? 'Attachment' : `Attachment: ${name}`;
    assert.equal(line, `[${shown} (application/pdf, about 1 bytes)]`, disposition);
  }
});

test('so many attachments are named, and no more', () => {
  const files = (count: number): string =>
    multipart(
      'b',
      '\nHello',
      ...Array.from({ length: count }, (_, index) => file(`attachment; filename=${index}`)),
    );
  assert.equal(attached(files(20)).length, 20);
  for (const count of [21, 1500]) {
    const lines = attached(files(count));
    assert.equal(lines.length, 21);
    assert.equal(lines.at(-1), '[There are more parts.]');
  }
});
