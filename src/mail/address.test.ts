import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  canonicalAddress,
  formatAddress,
  needsSmtpUtf8,
  parseAddress,
  parseForwardPath,
  parseReversePath,
  type Address,
} from './address.ts';
import { asciiDomain } from './domain.ts';

const limits = { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false };

/** The lines `left => right` of a table beside this file. */
const table = (name: string): [string, string][] =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const at = line.lastIndexOf(' => ');
      assert.ok(at >= 0, `no arrow in ${line}`);
      return [line.slice(0, at), line.slice(at + 4)];
    });

const must = (text: string): Address => {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, `${text} is refused: ${JSON.stringify(parsed)}`);
  return parsed.value;
};

// `#` begins a comment in the tables, so the address that starts with one stands here.
const valid: [string, string][] = [...table('address.valid.txt'), ['#a@example.org', '#a@example.org']];

for (const [text, canonical] of valid) {
  test(`valid address: ${text}`, () => {
    const address = must(text);
    assert.equal(canonicalAddress(address), canonical);
    assert.deepEqual(must(formatAddress(address)), address);
    assert.equal(canonicalAddress(must(canonical)), canonical);
    assert.deepEqual(parseReversePath(`<${text}> SIZE=1>`), {
      ok: true,
      value: { address, rest: ' SIZE=1>' },
    });
    assert.deepEqual(parseForwardPath(`<@r.example,@b:${text}>`), {
      ok: true,
      value: { recipient: { is: 'address', address }, rest: '' },
    });
  });
}

for (const [text, expected] of table('address.invalid.txt')) {
  test(`invalid address: ${text.slice(0, 80)} (${expected})`, () => {
    const parsed = parseAddress(text);
    assert.ok(!parsed.ok);
    assert.equal(`${parsed.refusal.why} ${parsed.refusal.at}`, expected);
    assert.match(parsed.refusal.detail, /^[ -~]{1,200}$/);
    if (!['', 'a@example.org>'].includes(text)) assert.equal(parseReversePath(`<${text}>`).ok, false);
  });
}

test('a C1 control character or half a surrogate pair is no text', () => {
  for (const text of [
    'a\u009bb@example.org',
    '"a\u009b"@example.org',
    'a\ud800@example.org',
    'a@\udc00.example',
  ])
    assert.equal(parseAddress(text).ok, false, JSON.stringify(text));
});

test('the value has no quotes, the text has them only where it must', () => {
  assert.deepEqual(must('"a\\"b"@x'), { localPart: 'a"b', domain: 'x' });
  assert.equal(formatAddress({ localPart: 'a"b', domain: 'x' }), '"a\\"b"@x');
  assert.equal(formatAddress(must('"ab"@x')), 'ab@x');
});

test('paths', () => {
  const path = (text: string): unknown => {
    const parsed = parseReversePath(text);
    return parsed.ok
      ? [parsed.value.address && formatAddress(parsed.value.address), parsed.value.rest]
      : parsed.refusal.why;
  };
  assert.deepEqual(path('<>'), [null, '']);
  assert.deepEqual(path('<> BODY=7BIT'), [null, ' BODY=7BIT']);
  assert.deepEqual(path('<a@b>junk'), ['a@b', 'junk']);
  assert.deepEqual(path('<"a>b"@c> X'), ['"a>b"@c', ' X']);
  assert.deepEqual(path('<@a.example,@b.example:c@d>'), ['c@d', '']);
  assert.equal(path('a@b'), 'path-open');
  assert.equal(path(' <a@b>'), 'path-open');
  assert.equal(path('<a@b'), 'path-close');
  assert.equal(path('<<a@b>>'), 'local-part-character');
  assert.equal(path('< a@b>'), 'local-part-character');
  assert.equal(path('<a>'), 'at-missing');
  assert.equal(path('<@a.example>'), 'path-route');
  assert.equal(path('<@a.example,b.example:c@d>'), 'path-route');
  assert.equal(path('<@:c@d>'), 'path-route');
  assert.equal(path('<Postmaster>'), 'at-missing');
});

test('the postmaster needs no domain, but only in a forward path', () => {
  for (const text of ['<Postmaster>', '<postmaster>', '<POSTMASTER>'])
    assert.deepEqual(parseForwardPath(`${text} X`), {
      ok: true,
      value: { recipient: { is: 'postmaster' }, rest: ' X' },
    });
  const named = parseForwardPath('<Postmaster@example.org>');
  assert.ok(named.ok && named.value.recipient.is === 'address');
  const empty = parseForwardPath('<>');
  assert.ok(!empty.ok && empty.refusal.why === 'path-null');
});

test('who needs SMTPUTF8', () => {
  assert.equal(needsSmtpUtf8(must('a@xn--bcher-kva.example')), false);
  assert.equal(needsSmtpUtf8(must('a@bücher.example')), true);
  assert.equal(needsSmtpUtf8(must('ü@example.org')), true);
});

test('a domain in ASCII', () => {
  assert.equal(asciiDomain('bücher.example'), 'xn--bcher-kva.example');
  assert.equal(asciiDomain('Example.ORG'), 'Example.ORG');
});

const label = fc
  .stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?$/)
  .filter((text) => !/^xn--/i.test(text));
const anyAddress = fc.record(
  {
    localPart: fc
      .string({
        unit: fc.oneof(
          fc.constantFrom(...Array.from('.@"\\ <>(),')),
          fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
          fc.constantFrom(...Array.from('éΣςßİﬁ例😀')),
        ),
        maxLength: 20,
      })
      .filter((text) => Buffer.byteLength(text) <= 64),
    domain: fc.oneof(
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
      fc.ipV4().map((ip) => `[${ip}]`),
      fc.ipV6().map((ip) => `[IPv6:${ip}]`),
    ),
  },
  { noNullPrototype: true },
);

test('property: parse(format(x)) is x, alone and in a path', () => {
  fc.assert(
    fc.property(anyAddress, fc.string(), (address, rest) => {
      const text = formatAddress(address);
      assert.deepEqual(parseAddress(text), { ok: true, value: address });
      assert.deepEqual(parseReversePath(`<${text}>${rest}`), { ok: true, value: { address, rest } });
    }),
    limits,
  );
});

test('property: the canonical form is an address whose canonical form it is', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const canonical = canonicalAddress(address);
      assert.equal(canonicalAddress(must(canonical)), canonical);
      assert.equal(
        canonicalAddress({ ...address, localPart: address.localPart.normalize('NFD') }),
        canonical,
      );
    }),
    limits,
  );
});

test('property: any text gives a value or a refusal, and a refusal points into the text', () => {
  const unit = fc.oneof(
    fc.constantFrom(...Array.from('<>@.":,\\[]-ax1 \r\n\0')),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 300 }), (text) => {
      for (const parsed of [parseAddress(text), parseReversePath(text), parseForwardPath(`<${text}`)])
        if (!parsed.ok) assert.ok(parsed.refusal.at >= 0 && parsed.refusal.at <= text.length + 1);
    }),
    limits,
  );
});

test('hostile texts cost what their length says', () => {
  const evil = (size: number): string[] => [
    'a.'.repeat(size),
    `${'a'.repeat(size)}@`,
    `a@${'a-'.repeat(size)}`,
    `a@${'a.'.repeat(size)}`,
    `"${'\\\\'.repeat(size)}`,
    `"${' '.repeat(size)}`,
    `<${'@a,'.repeat(size)}:a@b>`,
    `<${'@é.b,'.repeat(size)}:a@b>`,
    '<'.repeat(size),
    '"@'.repeat(size),
    `a@[${'1:'.repeat(size)}]`,
    `a@[IPv6:${':'.repeat(size)}]`,
    `a@${'xn--'.repeat(size)}`,
  ];
  const cost = (size: number): number => {
    const texts = evil(size);
    const began = process.cpuUsage().user;
    for (const text of texts) {
      parseAddress(text);
      parseReversePath(text);
    }
    return process.cpuUsage().user - began;
  };
  cost(1000);
  // 100,000 characters squared would be minutes; the bound is far above the milliseconds that it takes.
  assert.ok(cost(100_000) < 2_000_000);
});
