import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from './network.ts';

test('an address belongs to the network of its customer', () => {
  for (const [address, narrow, site] of [
    ['192.0.2.7', '192.0.2.7', null],
    ['127.0.0.1', '127.0.0.1', null],
    ['::ffff:192.0.2.7', '192.0.2.7', null],
    ['::ffff:c000:207', '192.0.2.7', null],
    ['64:ff9b::192.0.2.7', '192.0.2.7', null],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['::1', '::/64', '::/48'],
    ['fe80::1%eth0', 'fe80::/64', 'fe80::/48'],
    ['', 'unknown', null],
    ['__proto__', 'unknown', null],
  ] as const) {
    assert.deepEqual(networkOf(address), { narrow, site }, address);
  }
});
