import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { stoppedClock, systemClock } from './clock.ts';
import { startNameServer } from './dns-loopback.ts';
import { ResolverFault } from './resolver-fault.ts';
import { Resolver } from './resolver.ts';

const zone = {
  'example.org': {
    A: ['192.0.2.1'],
    TXT: ['v=spf1 -all', ['two ', 'pieces']],
    MX: [
      [10, 'mx.example.org'],
      [0, '.'],
    ],
  },
  'six.example.org': { AAAA: ['2001:db8::1'] },
  '1.2.0.192.in-addr.arpa': { PTR: ['example.org'] },
  'www.example.org': { CNAME: ['other.example.org'] },
  'other.example.org': { CNAME: ['example.org'] },
  'loop.example.org': { CNAME: ['pool.example.org'] },
  'pool.example.org': { CNAME: ['loop.example.org'] },
  'dangling.example.org': { CNAME: ['gone.example.org'] },
  'silent.example.org': { fails: 'silent' },
  'servfail.example.org': { fails: 'servfail' },
  'refused.example.org': { fails: 'refused' },
} as const;

const code = (wanted: string) => (error: unknown) => error instanceof ResolverFault && error.code === wanted;

const quick = { waitMs: 100, tries: 2, budgetMs: 1000 };

test('the shapes of node:dns', async (t) => {
  const { resolve } = (await startNameServer(t, zone)).resolver();
  assert.deepEqual(await resolve('example.org', 'A'), ['192.0.2.1']);
  assert.deepEqual(await resolve('EXAMPLE.org.', 'A'), ['192.0.2.1']);
  assert.deepEqual(await resolve('six.example.org', 'AAAA'), ['2001:db8::1']);
  assert.deepEqual(await resolve('1.2.0.192.in-addr.arpa', 'PTR'), ['example.org']);
  assert.deepEqual(await resolve('example.org', 'TXT'), [['v=spf1 -all'], ['two ', 'pieces']]);
  assert.deepEqual(await resolve('example.org', 'MX'), [
    { exchange: 'mx.example.org', priority: 10 },
    { exchange: '', priority: 0 },
  ]);
  assert.deepEqual(await resolve('www.example.org', 'A'), ['192.0.2.1']);
  assert.deepEqual(await resolve('www.example.org', 'CNAME'), ['other.example.org']);
});

const refusals: readonly [string, string, string][] = [
  ['nowhere.example.org', 'A', 'ENOTFOUND'],
  ['example.org', 'AAAA', 'ENODATA'],
  // RFC 6604 section 3: there is the alias, and not what it stands for.
  ['dangling.example.org', 'A', 'ENOTFOUND'],
  ['silent.example.org', 'A', 'ETIMEOUT'],
  ['servfail.example.org', 'A', 'ESERVFAIL'],
  ['refused.example.org', 'A', 'EREFUSED'],
  ['loop.example.org', 'A', 'EBADRESP'],
  ['a..example.org', 'A', 'EBADNAME'],
  [`${'a'.repeat(64)}.example.org`, 'A', 'EBADNAME'],
  [`${'abc.'.repeat(64)}org`, 'A', 'EBADNAME'],
  ['bücher.example', 'A', 'EBADNAME'],
  ['a b.example', 'A', 'EBADNAME'],
  ['', 'A', 'EBADNAME'],
  ['.', 'A', 'EBADNAME'],
  ['example.org', '__proto__', 'EBADRESP'],
];
for (const [name, type, wanted] of refusals) {
  test(`${type} of ${JSON.stringify(name.slice(0, 40))} is ${wanted}`, async (t) => {
    const { resolve } = (await startNameServer(t, zone)).resolver(quick);
    await assert.rejects(resolve(name, type), code(wanted));
  });
}

test('aliases that are answered one by one are followed, and a loop of them ends', async (t) => {
  const server = await startNameServer(t, zone, { bareAliases: true });
  const { resolve } = server.resolver();
  assert.deepEqual(await resolve('www.example.org', 'A'), ['192.0.2.1']);
  assert.deepEqual(server.asked, ['A www.example.org', 'A other.example.org', 'A example.org']);
  await assert.rejects(resolve('loop.example.org', 'A'), code('EBADRESP'));
  assert(server.asked.length < 20, String(server.asked.length));
});

test('an answer that was cut is fetched over TCP', async (t) => {
  const server = await startNameServer(
    t,
    { 'long.example': { TXT: ['x'.repeat(20_000)] } },
    { truncates: true },
  );
  const [row] = await server.resolver().resolve('long.example', 'TXT');
  assert(Array.isArray(row));
  assert.equal(row.join(''), 'x'.repeat(20_000));
  assert.deepEqual(server.asked, ['TXT long.example', 'TXT long.example/tcp']);
});

/** RFC 5452 section 9.1 has what an answer must have in common with its question. */
test('answers with another id, name, type or none are passed over', async (t) => {
  const server = await startNameServer(t, zone, { liesBefore: 5 });
  assert.deepEqual(await server.resolver().resolve('example.org', 'A'), ['192.0.2.1']);
  assert.deepEqual(server.asked, ['A example.org']);
});

test('where many are made up, and where the spelling is not kept, TCP decides', async (t) => {
  for (const quirks of [{ liesBefore: 40 }, { lowerCases: true }]) {
    const server = await startNameServer(t, zone, quirks);
    assert.deepEqual(await server.resolver().resolve('example.org', 'A'), ['192.0.2.1']);
    assert.deepEqual(server.asked, ['A example.org', 'A example.org/tcp']);
  }
});

/** RFC 6891 section 7: FORMERR says so. */
test('a server that knows no EDNS is asked without', async (t) => {
  const server = await startNameServer(t, zone, { withoutEdns: true });
  assert.deepEqual(await server.resolver().resolve('example.org', 'A'), ['192.0.2.1']);
  assert.equal(server.asked.length, 2);
});

test('the next server is asked where one is silent, talks nonsense, or is not there', async (t) => {
  const silent = await startNameServer(t, zone, { silent: true });
  const mad = await startNameServer(t, zone, { garbage: true });
  const good = await startNameServer(t, zone);
  const servers = [silent.port, mad.port, 1, good.port].map((port) => ({ address: '127.0.0.1', port }));
  const resolver = new Resolver({
    servers,
    clock: systemClock,
    random: randomBytes,
    limits: { waitMs: 100 },
  });
  assert.deepEqual(await resolver.resolve('example.org', 'A'), ['192.0.2.1']);
  assert.deepEqual([silent.asked.length, mad.asked.length, good.asked.length], [1, 1, 1]);
});

test('a question under way is not put twice, and its answer is remembered as long as the zone allows', async (t) => {
  const server = await startNameServer(t, zone, { ttlSeconds: 60 });
  const clock = stoppedClock(0);
  const { resolve } = server.resolver({}, clock);
  await Promise.all([resolve('example.org', 'A'), resolve('Example.Org', 'A')]);
  clock.advance(59_000);
  await resolve('example.org', 'A');
  assert.equal(server.asked.length, 1);
  clock.advance(2000);
  await resolve('example.org', 'A');
  assert.equal(server.asked.length, 2);
  for (const name of ['nowhere.example', 'nowhere.example'])
    await assert.rejects(resolve(name, 'A'), code('ENOTFOUND'));
  assert.equal(server.asked.length, 3);
  clock.advance(31_000);
  await assert.rejects(resolve('nowhere.example', 'A'), code('ENOTFOUND'));
  assert.equal(server.asked.length, 4);
});

test('a failure is remembered for a moment, so that it is not asked for at once again', async (t) => {
  const server = await startNameServer(t, zone);
  const clock = stoppedClock(0);
  const { resolve } = server.resolver({ tries: 1 }, clock);
  for (const round of [1, 1, 2]) {
    if (round === 2) clock.advance(2001);
    await assert.rejects(resolve('servfail.example.org', 'A'), code('ESERVFAIL'));
    assert.equal(server.asked.length, round);
  }
});

test('no more questions are under way than there is room for, and no more answers remembered', async (t) => {
  const server = await startNameServer(t, zone);
  const { resolve } = server.resolver({ underWay: 1, remembered: 1 });
  const first = resolve('example.org', 'A');
  await assert.rejects(resolve('six.example.org', 'AAAA'), code('EOVERLOADED'));
  await first;
  await resolve('six.example.org', 'AAAA');
  await resolve('example.org', 'A');
  assert.equal(server.asked.length, 3);
});

test('what DNSSEC vouches for is told', async (t) => {
  const vouched = await startNameServer(t, zone, { authentic: true });
  assert.equal((await vouched.resolver().lookup('www.example.org', 'A')).authenticated, true);
  const plain = await startNameServer(t, zone);
  assert.equal((await plain.resolver().lookup('www.example.org', 'A')).authenticated, false);
});
