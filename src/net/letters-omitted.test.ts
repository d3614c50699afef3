import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, basic, deliver, lettersDoor, session } from './https-loopback.ts';

const forged = 'Authentication-Results: mail.447.edu; dmarc=pass\r\n';
const letter = `Subject: hi\r\n${forged}\r\nThe text\r\n`;
const omitted = [{ start: 13, end: 13 + forged.length }];

test('what of a letter is left out is in none of its representations, and their lengths and tags know', async (t) => {
  const at = await lettersDoor(t);
  await deliver(at.store, [at.nu1], letter, { omitted });
  await deliver(at.store, [at.nu1], letter);
  const client = session(t, at);
  const get = (id: number, accept: string) =>
    ask(client, `/letters/nu1@447.edu/${id}`, { authorization: basic('nu1'), accept });
  const prefix = 'Received: by mail.447.edu\r\n';
  const message = await get(1, 'message/rfc822');
  assert.equal(message.text, `${prefix}Subject: hi\r\n\r\nThe text\r\n`);
  assert.equal(message.headers['content-length'], String(message.body.length));
  assert.equal((await get(2, 'message/rfc822')).text, `${prefix}${letter}`);
  for (const accept of ['text/plain', 'application/json', 'application/mbox', 'message/rfc822']) {
    const [without, whole] = [await get(1, accept), await get(2, accept)];
    assert.equal(without.status, 200);
    assert(!without.text.includes('Authentication-Results'), accept);
    assert.notEqual(without.headers['etag'], whole.headers['etag']);
    assert(without.text.includes('The text'), accept);
  }
});
