import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unbracketed } from './unbracketed.ts';

test('an IPv6 address may stand in brackets, and nothing else loses any', () => {
  assert.equal(unbracketed('[::1]'), '::1');
  assert.equal(unbracketed('[fe80::1%eth0]'), 'fe80::1%eth0');
  for (const host of ['::1', 'localhost', '127.0.0.1', '[localhost]', '[::1', '[]', ''])
    assert.equal(unbracketed(host), host);
});
