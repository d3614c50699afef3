import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letterFrom, sealed, signed, startChecker, type Signing } from './exchanger-loopback.ts';
import { BudgetedResolver } from './sender-authentication-budget.ts';
import { verifiedView, wholeHeader } from './sender-authentication-view.ts';

const bobs = letterFrom('Bob <bob@sender.example>');

/** RFC 7208 section 2.6 has the results; of a null sender the name in HELO is looked at (RFC 7208 section 2.4). */
const spf: readonly [string | null, string, string, string][] = [
  ['bob@sender.example', '192.0.2.7', 'mailfrom', 'pass'],
  ['bob@Sender.EXAMPLE', '::ffff:192.0.2.7', 'mailfrom', 'pass'],
  ['bob@sub.sender.example', '192.0.2.7', 'mailfrom', 'pass'],
  ['bob@bücher.example', '192.0.2.7', 'mailfrom', 'pass'],
  ['bob@sender.example', '192.0.2.8', 'mailfrom', 'fail'],
  ['bob@sender.example', 'fe80::1%eth0', 'mailfrom', 'fail'],
  ['bob@lenient.example', '192.0.2.7', 'mailfrom', 'softfail'],
  ['bob@unknown.example', '192.0.2.7', 'mailfrom', 'neutral'],
  ['bob@nowhere.example', '192.0.2.7', 'mailfrom', 'none'],
  ['bob@[192.0.2.7]', '192.0.2.7', 'mailfrom', 'none'],
  ['bob@wrong.example', '192.0.2.7', 'mailfrom', 'permerror'],
  ['bob@twice.example', '192.0.2.7', 'mailfrom', 'permerror'],
  ['bob@endless.example', '192.0.2.7', 'mailfrom', 'permerror'],
  ['bob@down.example', '192.0.2.7', 'mailfrom', 'temperror'],
  [null, '192.0.2.7', 'helo', 'pass'],
  [null, '192.0.2.8', 'helo', 'fail'],
];
for (const [sender, client, identity, result] of spf) {
  test(`SPF of ${sender ?? '<>'} from ${client}: ${result}`, async (t) => {
    const found = (await (await startChecker(t)).check({ letter: bobs, sender, client })).spf;
    assert.deepEqual([found.result, found.identity], [result, identity]);
    assert.equal(found.reason === null, !result.endsWith('error'));
  });
}

test('a client that calls itself by its address has no SPF', async (t) => {
  const { check } = await startChecker(t);
  const { spf: found } = await check({ letter: bobs, sender: null, helo: '[192.0.2.7]' });
  assert.deepEqual([found.result, found.domain], ['none', '[192.0.2.7]']);
});

/** What is too weak to be believed (RFC 8301 section 3) is policy's to say; Ed25519 is RFC 8463. */
const dkim: readonly [string, Signing, (letter: string) => string, string, string | null][] = [
  ['RSA', {}, (letter) => letter, 'pass', null],
  ['Ed25519', { selector: 'ed' }, (letter) => letter, 'pass', null],
  ['SHA-1', { algorithm: 'rsa-sha1' }, (letter) => letter, 'policy', 'weak algorithm'],
  ['another subject', {}, (letter) => letter.replace('Subject: hi', 'Subject: ho'), 'fail', 'bad signature'],
  ['another body', {}, (letter) => `${letter}more\r\n`, 'fail', 'body hash did not verify'],
  ['no key', { selector: 'missing' }, (letter) => letter, 'neutral', 'no key'],
  ['a key that is none', { selector: 'broken' }, (letter) => letter, 'neutral', 'invalid public key'],
  ['a weak key', { selector: 'weak' }, (letter) => letter, 'policy', 'weak-key'],
  ['a key that nobody gives', { selector: 'slow' }, (letter) => letter, 'temperror', 'DNS failure: ETIMEOUT'],
  ['half of the body', { maxBodyLength: 5 }, (letter) => letter, 'policy', 'part of the body is not signed'],
];
for (const [name, signing, change, result, reason] of dkim) {
  test(`DKIM with ${name}: ${result}`, async (t) => {
    const { check } = await startChecker(t);
    const [found, more] = (await check({ letter: change(await signed(bobs, signing)) })).dkim;
    assert.equal(more, undefined);
    assert.equal(found?.result, result);
    assert.equal(found?.reason, reason);
    assert.equal(found?.domain, 'sender.example');
    assert.equal(found?.selector, signing.selector ?? 'rsa');
    const algorithm = signing.selector === 'ed' ? 'ed25519-sha256' : (signing.algorithm ?? 'rsa-sha256');
    assert.equal(found?.algorithm, algorithm);
    assert.match(found?.signature ?? '', /^.{8}$/);
  });
}

test('signatures that begin alike are told apart by as much of them as it takes (RFC 6008 section 4)', async (t) => {
  const { check } = await startChecker(t);
  const letter = await signed(bobs);
  const end = letter.indexOf('From:');
  const whole = /\bb=([^;]*)$/.exec(letter.slice(0, end))?.[1]?.replaceAll(/\s/g, '') ?? '';
  const forged = (from: number): string =>
    letter
      .slice(0, end)
      .replace(/\bb=[^;]*$/, `b=${whole.slice(0, from)}${whole.slice(from).replaceAll(/[a-m]/g, 'N')}\r\n`);
  const told = async (...fields: readonly string[]): Promise<readonly (string | undefined)[]> =>
    (await check({ letter: `${fields.join('')}${letter}` })).dkim.map(({ signature }) => signature);
  assert.deepEqual(await told(), [whole.slice(0, 8)]);
  assert.deepEqual(new Set(await told(letter.slice(0, end))), new Set([whole.slice(0, 8)]));
  const [first = '', second = ''] = await told(forged(20));
  assert.ok(first !== second && first.length === second.length && first.length > 20, `${first} ${second}`);
  assert.ok(whole.startsWith(second));
  const long = letter.slice(0, end).replace(/\bb=[^;]*$/, `b=${'A'.repeat(4000)}\r\n`);
  const longer = long.replace('AAAA\r\n', 'AAAB\r\n');
  for (const one of await told(long, longer)) assert.ok((one?.length ?? 0) <= 80);
});

test('a letter without a signature has none', async (t) => {
  assert.deepEqual((await (await startChecker(t)).check({ letter: bobs })).dkim, []);
});

test('the letter may come in any pieces, and its body be empty or missing', async (t) => {
  const { check } = await startChecker(t);
  for (const letter of [
    letterFrom('bob@sender.example', '', ''),
    letterFrom('bob@sender.example', '', `${'x'.repeat(70)}\r\n`.repeat(3000)),
  ]) {
    assert.equal((await check({ letter: await signed(letter) })).dkim[0]?.result, 'pass');
  }
  const [found] = (await check({ letter: 'From: bob@sender.example\r\n' })).dmarc;
  assert.equal(found?.result, 'pass');
});

type Expected = readonly [result: string, domain: string, policy: string | null];
const forger = { client: '203.0.113.66', sender: 'x@lenient.example' };
const dmarc: readonly [string, Parameters<typeof signed>[1] | null, string, object, readonly Expected[]][] = [
  ['SPF in line', null, 'bob@sender.example', {}, [['pass', 'sender.example', 'reject']]],
  ['DKIM in line', {}, 'bob@sender.example', forger, [['pass', 'sender.example', 'reject']]],
  ['a domain below', {}, 'bob@sub.sender.example', forger, [['pass', 'sub.sender.example', 'reject']]],
  [
    'U-labels',
    null,
    'bob@bücher.example',
    { sender: 'bob@bücher.example' },
    [['pass', 'xn--bcher-kva.example', 'reject']],
  ],
  ['a forger', null, 'bob@sender.example', forger, [['fail', 'sender.example', 'reject']]],
  [
    'a forger with a signature',
    { domain: 'list.example' },
    'bob@sender.example',
    forger,
    [['fail', 'sender.example', 'reject']],
  ],
  ['p=quarantine', null, 'bob@quarantine.example', forger, [['fail', 'quarantine.example', 'quarantine']]],
  ['p=reject on trial', null, 'bob@testing.example', forger, [['fail', 'testing.example', 'quarantine']]],
  ['p=none', null, 'bob@lenient.example', { client: '203.0.113.66' }, [['fail', 'lenient.example', 'none']]],
  ['no policy', null, 'bob@nowhere.example', forger, [['none', 'nowhere.example', null]]],
  ['a policy that nobody gives', null, 'bob@dark.example', forger, [['temperror', 'dark.example', null]]],
  [
    'a key that nobody gives',
    { selector: 'slow' },
    'bob@sender.example',
    forger,
    [['temperror', 'sender.example', 'reject']],
  ],
  [
    'SPF that nobody gives',
    null,
    'bob@down.example',
    { sender: 'bob@down.example' },
    [['temperror', 'down.example', 'reject']],
  ],
  [
    'two authors',
    null,
    'x@lenient.example, Bob <bob@sender.example>',
    forger,
    [
      ['fail', 'lenient.example', 'none'],
      ['fail', 'sender.example', 'reject'],
    ],
  ],
  [
    'two From fields',
    null,
    'x@lenient.example\r\nFrom: bob@sender.example',
    forger,
    [
      ['fail', 'lenient.example', 'none'],
      ['fail', 'sender.example', 'reject'],
    ],
  ],
  ['nobody', null, 'undisclosed', forger, [['permerror', '', null]]],
  [
    'a crowd',
    null,
    Array.from({ length: 11 }, (_, index) => `x@a${index}.example`).join(', '),
    forger,
    [['permerror', 'a0.example', 'reject']],
  ],
];
for (const [name, signing, from, where, expected] of dmarc) {
  test(`DMARC with ${name}: ${expected.map(([result]) => result).join(', ')}`, async (t) => {
    const { check } = await startChecker(t);
    const letter = letterFrom(from);
    const found = await check({
      letter: signing === null ? letter : await signed(letter, signing),
      ...where,
    });
    assert.deepEqual(
      found.dmarc.map(({ result, domain, policy }) => [result, domain, policy]),
      expected,
    );
  });
}

test('a seal of ARC that holds is believed in what it says, one that does not is not', async (t) => {
  const { check } = await startChecker(t);
  const letter = await sealed(bobs, 'dmarc=pass header.from=sender.example');
  const { arc } = await check({ letter });
  assert.deepEqual(
    [arc.result, arc.sealer, arc.dmarc, arc.clientAddress],
    ['pass', 'list.example', 'pass', '192.0.2.7'],
  );
  const broken = (await check({ letter: letter.replace('dmarc=pass', 'dmarc=pass ') })).arc;
  assert.equal(broken.result, 'pass', 'white space makes no difference');
  const changed = (await check({ letter: letter.replace('dmarc=pass', 'dmarc=none') })).arc;
  assert.deepEqual([changed.result, changed.dmarc], ['fail', null]);
  const cut = (await check({ letter: letter.replace(/^ARC-Seal:[^]*?\r\n(?=\S)/, '') })).arc;
  assert.deepEqual([cut.result, cut.sealer], ['fail', null]);
  assert.equal((await check({ letter: bobs })).arc.result, 'none');
});

test('of many signatures the first ten are tried, and slow ones take nothing from another', async (t) => {
  const { check, server } = await startChecker(t);
  const good = await signed(bobs);
  const fake = good.slice(0, good.indexOf('From:'));
  const slow = Array.from({ length: 9 }, (_, index) => fake.replace(/\bs=rsa\b/, `s=slow${index}`));
  for (let index = 0; index < 9; index++)
    server.zone.set(`slow${index}._domainkey.sender.example`, { fails: 'silent' });
  const found = await check({ letter: `${slow.join('')}${good}`, ...forger });
  assert.equal(found.dkim.length, 10);
  assert.deepEqual(new Set(found.dkim.slice(0, 9).map(({ result }) => result)), new Set(['temperror']));
  assert.equal(found.dkim[9]?.result, 'pass');
  assert.equal(found.dmarc[0]?.result, 'pass');
  const late = await check({ letter: `${fake.repeat(10)}${good}`, ...forger });
  assert.equal(late.dkim.length, 10);
});

test('a long letter with many signatures leaves others their turn', async (t) => {
  const { check } = await startChecker(t);
  const fields = Array.from({ length: 10 }, (_, index) => {
    const part = index < 6 ? `; l=${1000 + index}` : '';
    return `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from; bh=AAAA; b=AAAA${part}\r\n`;
  });
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const letter = letterFrom(
    'bob@sender.example',
    fields.join(''),
    `${'words  '.repeat(10)}\r\n`.repeat(10_000),
  );
  const found = await check({ letter });
  clearInterval(timer);
  assert.equal(found.dkim.length, 5);
  assert(turns > 10, String(turns));
});

test('a name server that never answers: everything is a temporary error, in time', async (t) => {
  const { check } = await startChecker(t, { silent: true });
  const found = await check({ letter: await signed(bobs) });
  assert.deepEqual(
    [found.spf.result, found.dkim[0]?.result, found.dmarc[0]?.result],
    ['temperror', 'temperror', 'temperror'],
  );
});

test('a budget: each question once, no more than so many, no longer than that', async () => {
  const asked: string[] = [];
  const spent = { name: 'BudgetSpent', code: 'ETIMEOUT' };
  const budget = new BudgetedResolver(
    (name) => {
      asked.push(name);
      return name === 'slow' ? new Promise(() => {}) : Promise.resolve([name]);
    },
    { lookups: 3, waitMs: 30 },
  );
  assert.deepEqual(await budget.resolve('a', 'A'), ['a']);
  assert.deepEqual(await budget.resolve('A', 'A'), ['a']);
  await assert.rejects(budget.resolve('slow', 'A'), spent);
  await assert.rejects(budget.resolve('b', 'A'), spent);
  await assert.rejects(budget.resolve('c', 'A'), spent);
  assert.deepEqual(asked, ['a', 'slow']);
  budget.end();
});

const headers: readonly [string, string, boolean][] = [
  ['a letter', 'A: b\r\n\r\nbody', true],
  ['no body', 'A: b\r\n', true],
  ['nothing', '', true],
  ['no header', '\r\nbody', true],
  ['a long body', `A: b\r\n\r\n${'x'.repeat(400_000)}`, true],
  ['a header without end', `A: ${'x\r\n '.repeat(100_000)}`, false],
  ['a header that ends late', `A: ${'x'.repeat(262_144)}\r\n\r\nbody`, false],
  ['a header of many fields', `${'A: b\r\n'.repeat(1001)}\r\n`, false],
  ['a field of many lines', `A: b\r\n${' c\r\n'.repeat(5000)}\r\n`, false],
];
for (const [name, letter, fits] of headers) {
  test(`the whole header of ${name}`, () => {
    const bytes = Buffer.from(letter);
    for (const head of [bytes, bytes.subarray(0, 262_144)]) {
      const header = wholeHeader(head, bytes.length);
      assert.equal(header.ok, fits);
      if (header.ok)
        assert.equal(
          Buffer.from(header.value.bytes).toString(),
          letter.slice(0, letter.startsWith('A') ? 6 : 0),
        );
    }
  });
}

test('the view leaves out surplus signatures and nothing else, wherever the pieces are cut', async () => {
  const fields = Array.from({ length: 12 }, (_, index) => `DKIM-Signature: d=x; s=s${index};\r\n`);
  const long = `dkim-signature: d=x; s=long; ${'h'.repeat(9000)}\r\n`;
  const letter = `A: b\r\n${long}${fields.join('X: y\r\n')}\r\nDKIM-Signature: body\r\n`;
  const expected = `A: b\r\n${fields.slice(0, 9).join('X: y\r\n')}X: y\r\nX: y\r\nX: y\r\n\r\nDKIM-Signature: body\r\n`;
  const bytes = new Uint8Array(Buffer.from(letter));
  const header = wholeHeader(bytes, bytes.length);
  assert(header.ok);
  for (const size of [1, 7, 100, 1000, 100_000]) {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
    const view = verifiedView(header.value, { chunks, sizeBytes: bytes.length });
    assert.equal(Buffer.concat(await Array.fromAsync(view.pieces())).toString(), expected);
    assert.deepEqual(
      view.keyNames,
      Array.from({ length: 9 }, (_, index) => `s${index}._domainkey.x`),
    );
  }
});
