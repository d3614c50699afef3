import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Header, splitMessage, type HeaderEnd, type HeaderLimits } from './header.ts';
import { summarize } from './summary.ts';

const limits = { interruptAfterTimeLimit: 700, markInterruptAsFailure: false };
const bytes = (text: string): Buffer => Buffer.from(text);

const read = (letter: Uint8Array, bounds?: HeaderLimits): { fields: [string, string][]; end: HeaderEnd } => {
  const header = new Header(letter, bounds);
  return { fields: header.fields.map((field) => [field.name, header.value(field)]), end: header.end };
};

test('fields with their offsets, to the empty line', () => {
  const letter = bytes('Subject: one\r\n two\r\nX-Y :z\r\n\r\nBody: no\r\n');
  assert.deepEqual(
    [...new Header(letter).fields],
    [
      { name: 'subject', start: 0, valueStart: 8, valueEnd: 18, end: 20 },
      { name: 'x-y', start: 20, valueStart: 25, valueEnd: 26, end: 28 },
    ],
  );
  assert.deepEqual(read(letter), {
    fields: [
      ['subject', 'one two'],
      ['x-y', 'z'],
    ],
    end: 'complete',
  });
});

test('unfolding, line ends and what is no field', () => {
  const fields = (text: string): [string, string][] => read(bytes(text)).fields;
  assert.deepEqual(fields('A: b'), [['a', 'b']]);
  assert.deepEqual(fields('A: b\r'), [['a', 'b']]);
  assert.deepEqual(fields('A:\r\nB: \r\n\tx\r\n'), [
    ['a', ''],
    ['b', 'x'],
  ]);
  assert.deepEqual(fields('A: b\n c\nD: e\n\nF: g'), [
    ['a', 'b c'],
    ['d', 'e'],
  ]);
  assert.deepEqual(fields('A: b\rc\r\n'), [['a', 'b c']]);
  assert.deepEqual(fields('From nobody\r\n  more: x\r\nA: b\r\n'), [['a', 'b']]);
  assert.deepEqual(fields(' A: b\r\n: x\r\né: x\r\nB C: x\r\n__proto__: y\r\n'), [['__proto__', 'y']]);
  assert.deepEqual(fields('\r\nA: b'), []);
  assert.deepEqual(fields(''), []);
});

test('a header beyond a limit is read to it, and the reader says so', () => {
  const letter = bytes('A: 1\r\nB: 2\r\nC: 3\r\n\r\n');
  assert.equal(read(letter, { fields: 2, bytes: 1000 }).end, 'too-many-fields');
  assert.equal(read(letter, { fields: 2, bytes: 1000 }).fields.length, 2);
  assert.equal(read(letter, { fields: 3, bytes: 1000 }).end, 'complete');
  for (let size = 0; size < 20; size++) {
    const { fields, end } = read(letter, { fields: 9, bytes: size });
    assert.equal(end, 'too-long', `${size} bytes`);
    assert.deepEqual(
      fields,
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ].slice(0, Math.floor(Math.max(0, size - 1) / 6)),
    );
  }
  assert.equal(read(bytes(`A: ${'x'.repeat(300_000)}\r\n\r\n`)).end, 'too-long');
  assert.equal(read(bytes('A: b\r\n'.repeat(2000))).fields.length, 1000);
});

test('where the body begins', () => {
  const split = (text: string): number[] => Object.values(splitMessage(bytes(text)));
  assert.deepEqual(split('A: b\r\n\r\nbody'), [6, 8]);
  assert.deepEqual(split('A: b\n\nbody\r\n\r\nmore'), [5, 6]);
  assert.deepEqual(split('A: b\r\n\r\nbody\n\nmore'), [6, 8]);
  assert.deepEqual(split('A: b\n\r\nbody'), [5, 7]);
  assert.deepEqual(split('\r\nbody\r\n\r\n'), [0, 2]);
  assert.deepEqual(split('\nbody'), [0, 1]);
  assert.deepEqual(split('A: b\r\n'), [6, 6]);
  assert.deepEqual(split(''), [0, 0]);
});

const textOf = (raw: Uint8Array): string => {
  const header = new Header(raw);
  const [field] = header.fields;
  assert.ok(field);
  return header.value(field);
};

test('text of any charset', () => {
  assert.equal(textOf(bytes('Subject: café\r\n')), 'café');
  assert.equal(textOf(Buffer.from('Subject: café\r\n', 'latin1')), 'café');
});

test('a value cut at the limit keeps its last whole character', () => {
  const letter = bytes('A: ééééé\r\n');
  const header = new Header(letter);
  const [field] = header.fields;
  assert.ok(field);
  assert.equal(header.value(field, 6), 'éé');
  assert.equal(header.value(field, 7), 'ééé');
});

test('a summary', () => {
  assert.deepEqual(
    summarize(
      bytes(
        'Received: x\r\nDATE: Tue, 30 Jun 2020 01:03:35 +0000\r\nFrom: =?utf-8?q?J=C3=B6rg?= <nu1@447.edu>\r\n' +
          'Subject: first\r\nsubject: lih\r\nMessage-ID: <a.b@447.edu>\r\n\r\nMessage',
      ),
    ),
    {
      subject: 'lih',
      from: 'Jörg <nu1@447.edu>',
      sentAt: Date.UTC(2020, 5, 30, 1, 3, 35),
      messageId: 'a.b@447.edu',
    },
  );
  const nothing = { subject: '', from: '', sentAt: null, messageId: null };
  for (const text of ['', '\r\nSubject: x', 'Subject:\r\nFrom:\r\nDate: never\r\nMessage-ID: <>\r\n'])
    assert.deepEqual(summarize(bytes(text)), nothing);
});

test('a summary is bounded, and a name cannot pass for the address', () => {
  const { subject, from, messageId } = summarize(
    bytes(
      `Subject: ${'x'.repeat(997)}😀\r\nMessage-ID: ${'m'.repeat(5000)}\r\n` +
        'From: =?utf-8?q?root=40447.edu_=3Croot=40447.edu=3E?= <evil@example.org>\r\n',
    ),
  );
  assert.equal(subject, 'x'.repeat(997));
  assert.equal(messageId?.length, 998);
  assert.equal(from, '"root@447.edu <root@447.edu>" <evil@example.org>');
});

test('property: any bytes give fields within bounds and in order, and a summary within its bounds', () => {
  const soup = fc.array(fc.oneof(fc.constantFrom(...bytes('\r\n\r\n: \tAa=?<>"(),@;')), fc.nat(255)), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(soup, (values) => {
      const letter = Uint8Array.from([...bytes('Subject:'), ...values]);
      const header = new Header(letter);
      let last = 0;
      for (const field of header.fields) {
        assert.ok(
          field.start >= last && field.valueStart > field.start && field.valueEnd >= field.valueStart,
        );
        assert.ok(field.end >= field.valueEnd && field.end <= letter.length);
        last = field.end;
        assert.doesNotMatch(header.value(field), /[\r\n]/);
      }
      const { headerEnd, bodyStart } = splitMessage(letter);
      assert.ok(last <= headerEnd && headerEnd <= bodyStart && bodyStart <= letter.length);
      const { subject, from } = summarize(letter);
      assert.ok(subject.length <= 998 && from.length <= 998);
    }),
    limits,
  );
});
