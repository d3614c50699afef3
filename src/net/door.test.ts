import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionKey, formatPlace } from './door.ts';

const ends = { remoteAddress: '192.0.2.7', remotePort: 40_000, localAddress: '192.0.2.1', localPort: 465 };

test('two connections from one address and port to two of ours are two', () => {
  const keys = [
    ends,
    { ...ends, localAddress: '192.0.2.2' },
    { ...ends, localPort: 587 },
    { ...ends, remotePort: 40_001 },
    { ...ends, remoteAddress: '192.0.2.8' },
  ].map(connectionKey);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(connectionKey({ ...ends }), keys[0]);
});

test('a place is written as a URL has it', () => {
  assert.equal(formatPlace({ address: '127.0.0.1', port: 465 }), '127.0.0.1:465');
  assert.equal(formatPlace({ address: '::1', port: 465 }), '[::1]:465');
});
