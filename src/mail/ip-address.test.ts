import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressInLiteral, addressLiteralOf, canonicalAddressLiteral } from './ip-address.ts';

/** RFC 5952 section 4: no leading zeros, `::` as short as can be and never for one group, the first of two, lower case. */
const written: readonly (readonly [string, string])[] = [
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::ABCD', '2001:db8::abcd'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['1:0:0:0:0:0:0:0', '1::'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
];
for (const [read, form] of written) {
  test(`${read} is written ${form}`, () => {
    assert.equal(canonicalAddressLiteral(`[IPv6:${read}]`), `[IPv6:${form}]`);
    assert.equal(canonicalAddressLiteral(`[IPv6:${form}]`), `[IPv6:${form}]`);
    assert.equal(addressLiteralOf(read), `[IPv6:${form}]`);
  });
}

test('a mapped address is the IPv4 one that it stands for (RFC 5952 section 5)', () => {
  assert.equal(addressLiteralOf('::ffff:192.0.2.1'), '[192.0.2.1]');
  assert.equal(addressInLiteral('[IPv6:::FFFF:c000:201]'), '192.0.2.1');
});
