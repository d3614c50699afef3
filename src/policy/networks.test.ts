import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, Networks, parseNetwork } from './networks.ts';

for (const [text, right] of [
  ['192.0.2.0/24', true],
  ['192.0.2.1', true],
  ['::/0', true],
  ['2001:db8::/32', true],
  ['192.0.2.1/24', false],
  ['192.0.2.0/33', false],
  ['example.org', false],
  ['', false],
  ['/8', false],
] as const) {
  test(`${JSON.stringify(text)} is ${right ? 'a network' : 'no network'}`, () => {
    assert.equal(parseNetwork(text) !== null, right);
  });
}

test('an address is in a network in whatever spelling either has', () => {
  const networks = new Networks(['192.0.2.0/24', '2001:db8::/32', '::ffff:198.51.100.7']);
  for (const address of [
    '192.0.2.255',
    '::ffff:192.0.2.1',
    '2001:DB8::1',
    '198.51.100.7',
    '::ffff:c633:6407',
  ])
    assert(networks.has(address), address);
  for (const address of ['192.0.3.0', '2001:db9::', '::1', 'unix', '', '192.0.2.1/24'])
    assert(!networks.has(address), address);
  assert(!new Networks([]).has('192.0.2.1'));
  assert.throws(() => new Networks(['example.org']), /neither an address nor a network/);
});

test('only this machine is loopback', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1'])
    assert(isLoopback(address), address);
  for (const address of ['0.0.0.0', '::', '192.0.2.1', '128.0.0.1', 'localhost'])
    assert(!isLoopback(address), address);
});
