import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectExposed, NotLoopback, openExposedDoor } from './exposed.ts';
import type { SmtpHouse } from './smtp-conversation.ts';

/** Refused before anything of it is looked at. */
const untouched = new Proxy({} as SmtpHouse, {
  get: () => assert.fail('the door was opened'),
  ownKeys: () => assert.fail('the door was opened'),
});

for (const address of [
  '0.0.0.0',
  '::',
  '192.0.2.1',
  '::ffff:192.0.2.1',
  '128.0.0.1',
  'localhost',
  '',
  '127.1',
  '2001:db8::1',
]) {
  test(`no plain door at ${JSON.stringify(address)}`, async () => {
    await assert.rejects(openExposedDoor(address, untouched), NotLoopback);
    await assert.rejects(connectExposed(address, 9), NotLoopback);
  });
}
