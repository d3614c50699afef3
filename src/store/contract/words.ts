import assert from 'node:assert/strict';
import type { LetterId, SearchField } from '../port.ts';
import {
  INBOX,
  makeAccount,
  mustBeOk,
  nobody,
  T0,
  uids,
  type Cases,
  type OpenedForTest,
} from './fixtures.ts';
import { found, send, words } from './searching.ts';

/** How letters are found by their words. */
export const wordCases: Cases = new Map([
  ['words are found in the field that was named, and anywhere', fieldsAreSearched],
  ['words are found in order and next to each other, the last one perhaps only begun', wordsAreFound],
  ['words are found in every script, without regard to case and accents', scriptsAreFound],
  ['texts in encoded words, quoted-printable and base64 are found as they read', encodedIsFound],
  ['the words of HTML, of every part and of the names of attachments are found', partsAreFound],
  ['what would be the language of an index is only text', nothingIsSyntax],
  ['a letter is found as soon as its delivery was answered, and not when it is gone', foundAtOnce],
  ['the index may be dropped, and nothing is missed', indexIsDropped],
]);

async function fieldsAreSearched({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const written = {
    subject: 'alpha',
    from: '"Bravo, B." <charlie@delta.example>',
    to: 'Echo <foxtrot@golf.example>, Golf: hotel@india.example;',
    cc: 'Juliet <kilo@lima.example>',
    bcc: 'mike@november.example',
    body: 'oscar\r\npapa',
    fields: ['X-Other: quebec', 'Message-ID: <romeo@sierra.example>'],
  };
  await send(store, id, written);
  const expected: readonly (readonly [SearchField, readonly string[]])[] = [
    ['subject', ['alpha']],
    ['from', ['Bravo B', 'charlie@delta.example', 'delta']],
    ['to', ['Echo', 'foxtrot@golf', 'hotel@india.example']],
    ['cc', ['Juliet kilo', 'lima.example']],
    ['bcc', ['mike']],
    ['body', ['oscar papa', 'papa']],
  ];
  for (const [field, texts] of expected)
    for (const text of texts) {
      assert.deepEqual(await found(store, id, words(text, field)), [1], `${text} in ${field}`);
      assert.deepEqual(await found(store, id, words(text)), [1], `${text} anywhere`);
      for (const [other] of expected)
        if (other !== field)
          assert.deepEqual(await found(store, id, words(text, other)), [], `${text} in ${other}`);
    }
  for (const text of ['quebec', 'alpha charlie', 'romeo'])
    assert.deepEqual(await found(store, id, words(text)), []);
}

async function wordsAreFound({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await send(store, id, { body: 'The quick, brown fox\r\njumps over the lazy dog.' });
  await send(store, id, { body: 'A fox. Quick and brown.' });
  for (const [text, letters] of [
    ['fox', [1, 2]],
    ['fo', [1, 2]],
    ['ox', []],
    ['quick brown', [1]],
    ['quick br', [1]],
    ['qui brown', []],
    ['brown quick', []],
    ['quick and', [2]],
    ['fox jumps', [1]],
    ['"fox" (jumps)', [1]],
    ['the lazy dog the', []],
    ['', [1, 2]],
    ['...', [1, 2]],
  ] as const)
    assert.deepEqual(await found(store, id, words(text)), letters, text);
}

async function scriptsAreFound({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const utf8 = [
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  const bodies = [
    'Grüße aus KÖLN, Straße',
    '明日は東京都の天気がいいです',
    'Съешь ещё этих мягких булок',
    'Ολοσχερώς ΟΔΟΣ',
    '한국어를 배우다',
    'สวัสดีครับ',
    'مرحبا بالعالم',
    'हिन्दी में',
    '\u{20000}\u{20001}\u{20002}',
  ];
  for (const body of bodies) await send(store, id, { body, fields: utf8 });
  for (const [text, letter] of [
    ['grusse aus koln', 1],
    ['STRASSE', 1],
    ['京都', 2],
    ['東京', 2],
    ['す', 2],
    ['天気がいい', 2],
    ['ЕЩЕ ЭТИХ', 3],
    ['ολοσχερως οδος', 4],
    ['국어', 5],
    ['ดีครับ', 6],
    ['بالعالم', 7],
    ['हिन्दी', 8],
    ['\u{20001}', 9],
  ] as const)
    assert.deepEqual(await found(store, id, words(text)), [letter], text);
  for (const text of ['京東', '東都', '어한'])
    assert.deepEqual(await found(store, id, words(text)), [], text);
}

async function encodedIsFound({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const type = 'Content-Type: text/plain; charset=utf-8';
  await send(store, id, {
    subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?B?IGF1cyBLw7Zsbg==?=',
    from: '=?iso-8859-1?Q?J=FCrgen?= <j@x.example>',
    body: 'Sch=C3=B6nes Wochen=\r\nende',
    fields: ['MIME-Version: 1.0', type, 'Content-Transfer-Encoding: quoted-printable'],
  });
  await send(store, id, {
    body: Buffer.from('Schöne Tage').toString('base64'),
    fields: ['MIME-Version: 1.0', type, 'Content-Transfer-Encoding: base64'],
  });
  assert.deepEqual(await found(store, id, words('Grüße aus Köln', 'subject')), [1]);
  assert.deepEqual(await found(store, id, words('jurgen', 'from')), [1]);
  assert.deepEqual(await found(store, id, words('schönes wochenende', 'body')), [1]);
  assert.deepEqual(await found(store, id, words('schone tage', 'body')), [2]);
  assert.deepEqual(await found(store, id, words('utf')), []);
}

async function partsAreFound({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const part = (type: string, body: string, more: readonly string[] = []): string =>
    ['--b', `Content-Type: ${type}`, ...more, '', body, ''].join('\r\n');
  const html =
    '<html><style>p { color: hidden }</style><p title="tip">Golden <b>ea</b>gle &amp; &Uuml;ber</p></html>';
  const file = ["Content-Disposition: attachment; filename*=utf-8''Bud%C5%BEet%202026.pdf"];
  await send(store, id, {
    subject: 'parts',
    fields: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b'],
    body: `${part('text/html; charset=utf-8', html)}${part('text/plain', 'second part')}${part('application/pdf', 'binary words', file)}--b--`,
  });
  for (const [text, field] of [
    ['golden eagle', 'body'],
    ['uber', 'body'],
    ['second part', 'body'],
    ['budzet 2026.pdf', 'attachment'],
    ['2026', 'anywhere'],
  ] as const)
    assert.deepEqual(await found(store, id, words(text, field)), [1], text);
  for (const [text, field] of [
    ['hidden', 'anywhere'],
    ['html', 'anywhere'],
    ['binary', 'anywhere'],
    ['2026', 'body'],
    ['eagle', 'attachment'],
  ] as const)
    assert.deepEqual(await found(store, id, words(text, field)), [], text);
}

async function nothingIsSyntax({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  await send(store, id, { subject: 'one OR two AND NOT three NEAR four', body: 'a"b subject:one' });
  await send(store, id, { subject: 'two', body: 'DROP TABLE letter' });
  for (const [text, letters] of [
    ['one OR two', [1]],
    ['two OR one', []],
    ['NOT three', [1]],
    ['one NEAR', []],
    ['NEAR(four)', [1]],
    ['a"b', [1]],
    ['"', [1, 2]],
    ['*', [1, 2]],
    ['subject:one', [1]],
    ['subject : "two"', []],
    ['{subject} : one', [1]],
    ["'; DROP TABLE letter; --", [2]],
    ['^one', [1]],
    ['one + OR', [1]],
    ['__proto__', []],
    ['a\0b', [1]],
    ['\ud800', [1, 2]],
  ] as const)
    assert.deepEqual(await found(store, id, words(text)), letters, text);
  const long = 'word '.repeat(5000);
  await send(store, id, { body: long });
  assert.deepEqual(await found(store, id, words(long)), [3]);
  assert.deepEqual(await found(store, id, words(`${long} more`)), []);
}

async function foundAtOnce({ store }: OpenedForTest): Promise<void> {
  const { id } = await makeAccount(store, 'nu1@447.edu');
  const filter = words('plan', 'subject');
  for (let n = 1; n <= 3; n++) {
    const { letter } = await send(store, id, { subject: `Plan ${n}` });
    assert.equal((await found(store, id, filter)).at(-1), letter);
  }
  await Promise.all(Array.from({ length: 20 }, (_, n) => send(store, id, { subject: `Plan ${n}` })));
  assert.equal((await found(store, id, filter)).length, 23);
  await mustBeOk(store.expunge(id, INBOX, uids(1), 'any', T0));
  await store.removeLetters(id, [2 as LetterId], T0);
  assert.deepEqual((await found(store, id, filter)).slice(0, 2), [3, 4]);
  await mustBeOk(store.undelete(id, [1 as LetterId], T0));
  assert.deepEqual((await found(store, id, filter)).slice(0, 2), [1, 3]);
  await store.tidy({ now: T0, removedMs: 0, tombstonesMs: 0 });
  assert.equal((await found(store, id, filter)).length, 22);
  assert.deepEqual(await mustBeOk(store.copy(id, INBOX, uids(3), INBOX, T0)), [
    { from: 3, to: 25, letter: 24 },
  ]);
  assert.equal((await found(store, id, filter)).at(-1), 24);
}

async function indexIsDropped({ store }: OpenedForTest): Promise<void> {
  const one = await makeAccount(store, 'nu1@447.edu');
  const two = await makeAccount(store, 'nu2@447.edu');
  for (const { id } of [one, two]) await send(store, id, { subject: 'plan' });
  assert.equal((await found(store, one.id, words('plan'))).length, 1);
  await store.dropIndex(one.id);
  await store.dropIndex(one.id);
  await store.dropIndex(nobody);
  const delivered = send(store, one.id, { subject: 'plan' });
  const [during] = await Promise.all([
    found(store, two.id, words('plan')),
    store.dropIndex(one.id),
    delivered,
  ]);
  assert.equal(during.length, 1);
  assert.equal((await found(store, one.id, words('plan'))).length, 2);
}
