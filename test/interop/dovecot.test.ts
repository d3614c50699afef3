import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { formatAddress } from '../../src/mail/address.ts';
import { CommandUnsent } from '../../src/net/smtp-client.ts';
import { noMailRequests } from '../../src/smtp/requests.ts';
import { dovecotDomain, withDovecot } from './dovecot.ts';
import { send, withEngine } from './engine.ts';
import { machineRuns } from './foreign-server.ts';
import { letterFrom } from './mailbox.ts';
import { assertKept } from './receiving.ts';

test("the client's engine delivers to Dovecot by LMTP, by DATA and BDAT, and hears of each recipient", async (t) => {
  if (!machineRuns(t, 'dovecot')) return;
  await withDovecot(['bob', 'eve', 'stuck'], async (server) => {
    // Where the third one's letters should go, something else stands.
    writeFileSync(join(server.folder, 'mail/stuck'), '');
    const people = ['bob', 'nobody', 'stuck', 'eve'].map((name) => `${name}@${dovecotDomain}`);
    const letters: string[] = [];
    await withEngine(server, 'lmtp', async (engine) => {
      for (const by of ['DATA', 1_000_000, 100] as const) {
        const letter = letterFrom('ada@letters.example', `LMTP by ${by}`);
        letters.push(letter);
        const to = people.map((address) => ({ address }));
        const { taken, outcome } = await send(engine, { from: 'ada@letters.example', to, letter }, by);
        assert.deepEqual(taken, [250, 550, 250, 250]);
        assert.deepEqual(
          outcome.recipients.map(({ recipient, reply }) => [formatAddress(recipient), reply.code]),
          [
            [people[0], 250],
            [people[2], 451],
            [people[3], 250],
          ],
        );
      }
      assert.ok(engine.said.includes('C: LHLO [127.0.0.1]'), engine.said.join('\n'));
      // What this server does not announce is not tried.
      for (const need of [{ smtpUtf8: true }, { requests: { ...noMailRequests, envelopeId: 'x' } }]) {
        const sending = { from: 'ada@letters.example', to: [], letter: letters[0] ?? '', ...need };
        await assert.rejects(send(engine, sending, 'DATA'), CommandUnsent);
      }
      const saved = engine.said.filter((line) => /^S: 250 2\.0\.0 .* Saved$/.test(line));
      assert.equal(saved.length, 2 * letters.length, engine.said.join('\n'));
    });
    for (const name of ['bob', 'eve']) assertKept(server.letters(`mail/${name}`), letters);
  });
});
