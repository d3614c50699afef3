import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { defaultAdmissionLimits } from '../policy/admission.ts';
import { Networks } from '../policy/networks.ts';
import type { Trust } from './gate.ts';
import { ask, basic, lettersDoor, raw, rest, session } from './https-loopback.ts';
import { proxyTo } from './proxy-loopback.ts';

const mine = { authorization: basic('nu1@447.edu') };
const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n';

const trusting = (proxies: string, proxyWaitMs = 60_000): ReadonlyMap<string, Trust> =>
  new Map([
    ['https', { clients: null, proxies: new Networks([proxies]), proxyWaitMs, xclient: new Networks([]) }],
  ]);

test('behind a proxy the named address is in the log and is who guessed a password, over HTTP/2 and HTTP/1.1', async (t) => {
  const at = await lettersDoor(t, { trust: trusting('127.0.0.1') });
  const port = await proxyTo(t, at.door.port, line);
  const proxied = { ...at, door: { ...at.door, port } };
  const h2 = session(t, proxied);
  assert.equal((await ask(h2, '/letters/nu1@447.edu', mine)).status, 200);
  const [connected] = at.journal.of('http.connected');
  assert.deepEqual(
    [connected?.fields['peer'], connected?.fields['port'], connected?.fields['proxy']],
    ['192.0.2.7', 4711, '127.0.0.1'],
  );
  assert.equal(at.journal.of('http.request')[0]?.fields['peer'], '192.0.2.7');
  const wrong = { authorization: basic('nu1@447.edu', 'guessed') };
  assert.equal((await ask(h2, '/letters/nu1@447.edu', wrong)).status, 401);
  const keys = ['failed:network:192.0.2.7', 'failed:network:127.0.0.1', 'known:nu1@447.edu:192.0.2.7'];
  const tallies = new Set((await at.store.tallies(keys)).map(({ key }) => key));
  assert(tallies.has('known:nu1@447.edu:192.0.2.7') && !tallies.has('failed:network:127.0.0.1'));

  const old = raw(t, proxied, { ALPNProtocols: ['http/1.1'] });
  old.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.match(await rest(old), /^HTTP\/1\.1 200 /);
  assert.equal(at.journal.of('http.connected')[1]?.fields['peer'], '192.0.2.7');
});

test('behind a proxy it is the named address that has too many connections', async (t) => {
  const at = await lettersDoor(t, {
    trust: trusting('127.0.0.1'),
    admission: { ...defaultAdmissionLimits, connectionsPerAddress: 1 },
  });
  const through = async (header: string) => ({
    ...at,
    door: { ...at.door, port: await proxyTo(t, at.door.port, header) },
  });
  const first = session(t, await through(line));
  assert.equal((await ask(first, '/')).status, 200);
  assert.equal(await rest(raw(t, await through(line))), '');
  const other = session(t, await through(line.replace('192.0.2.7', '192.0.2.8')));
  assert.equal((await ask(other, '/')).status, 200);
  assert.equal(at.journal.of('door.refused')[0]?.fields['peer'], '192.0.2.7');
});

test('a listed peer without a header is cut off, and so is a header from anybody else', async (t) => {
  const listed = await lettersDoor(t, { trust: trusting('127.0.0.1', 50) });
  const refused = listed.journal.next('door.no-proxy-header');
  assert.equal(await rest(raw(t, listed)), '');
  assert.equal((await refused)['why'], 'no PROXY header');
  const silent = connect(listed.door.port, '127.0.0.1');
  await once(silent.resume(), 'close');
  const unlisted = await lettersDoor(t, { trust: trusting('192.0.2.1') });
  const failed = unlisted.journal.next('tls.failed');
  const at = { ...unlisted, door: { ...unlisted.door, port: await proxyTo(t, unlisted.door.port, line) } };
  assert.equal(await rest(raw(t, at)), '');
  assert.match(String((await failed)['why']), /does not speak TLS/);
  assert.deepEqual(unlisted.journal.of('http.connected'), []);
});

test('a door that closes waits for no proxy', async (t) => {
  const at = await lettersDoor(t, { trust: trusting('127.0.0.1') });
  const silent = connect(at.door.port, '127.0.0.1');
  silent.write(line.slice(0, 9));
  const port = await proxyTo(t, at.door.port, line);
  const client = session(t, { ...at, door: { ...at.door, port } });
  assert.equal((await ask(client, '/')).status, 200);
  const closed = once(silent.resume(), 'close');
  await at.door.close(60_000);
  await closed;
});
