import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { LetterReader } from '../support/letters.ts';
import { addAccount, startServer, withSite, type RunningServer } from '../support/server.ts';
import { machineRuns } from './foreign-server.ts';
import { datedLetterFrom } from './mailbox.ts';
import { postfixDomain, queue, withPostfix } from './postfix.ts';

const password = 'open sesame';

/** Postfix's `local` has a delivery for each recipient; without it all of them are in one. */
for (const [setting, together] of [
  ['mailbox_transport', 1],
  ['local_transport', 2],
] as const)
  test(`a Postfix in front hands its letters over by ${setting} at a Unix socket, an outcome for each recipient`, async (t) => {
    if (!machineRuns(t, 'postfix')) return;
    // Postfix is another user, whom the folder of the server would keep out.
    const folder = mkdtempSync(join(tmpdir(), 'letterlock-lmtp.'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    const socket = join(folder, 'lmtp');
    const door = `listen.lmtp = { enabled = true, socket = "${socket}", socket_mode = "0666" }`;
    await withSite(door, async (site) => {
      const ada = await addAccount(site, 'ada', password);
      const ben = await addAccount(site, 'ben', password);
      const server = await startServer(site);
      const front = `
mydestination = letters.example
local_recipient_maps =
${setting} = lmtp:unix:${socket}
lmtp_tls_security_level = none
`;
      const port = server.port('exchanger');
      const elsewhere = { port, lmtpPort: port, authority: server.authority };
      await withPostfix(
        elsewhere,
        async (postfix) => {
          const sender = `bob@${postfixDomain}`;
          const letter = datedLetterFrom(sender, `by ${setting}`);
          await queue(postfix, ['-f', sender, ada, 'nobody@letters.example', ben], letter);
          await postfix.logged(new RegExp(` to=<${ben}>.*\\[${socket}\\].* status=sent \\(250 2\\.0\\.0 `));
          await postfix.logged(/ to=<nobody@letters\.example>.* status=bounced .*550 5\.1\.1 /);
          await postfix.logged(new RegExp(` to=<${sender}>.* status=sent `));
          const [report = ''] = postfix.letters('mail/bob');
          assert.match(report, /^Final-Recipient: rfc822; ?nobody@letters\.example$/m);
          assert.doesNotMatch(report, /^Final-Recipient: rfc822; ?(?:ada|ben)@/m);
          const delivered = await server.logged(({ event }) => event === 'smtp.delivered');
          assert.equal(delivered['recipients'], together);
          await assertHandedOver(server, ada, letter);
          await assertHandedOver(server, ben, letter);
        },
        front,
      );
      await server.stop();
    });
  });

/** The one letter of a person came by the Unix socket, to the last byte. */
async function assertHandedOver(server: RunningServer, address: string, letter: string): Promise<void> {
  const reader = new LetterReader(server, address, password);
  const [listed, ...others] = await reader.list();
  assert.ok(listed !== undefined);
  assert.deepEqual(others, []);
  const served = await reader.get(listed.url, 'message/rfc822');
  const shown = (await reader.get(listed.url, 'application/json')).toString();
  reader.close();
  assert.match(
    served.toString('latin1'),
    /^Received: from mail\.postfix\.example \(unix socket\)\s+by localhost\s+with LMTP\s/m,
  );
  assert.ok(served.toString().endsWith(letter.slice(letter.indexOf('\r\n\r\n'))));
  const { transport } = JSON.parse(shown) as { transport: { client: { address: string }; tls: unknown } };
  assert.deepEqual([transport.client.address, transport.tls], ['unix', null]);
}
