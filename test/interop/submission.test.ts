import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { createTransport } from 'nodemailer';
import { LetterReader } from '../support/letters.ts';
import { addAccount, startServer, withSite } from '../support/server.ts';
import type { Mailbox } from './mailbox.ts';
import { machineHas, run } from './programs.ts';

const password = 'a pass phrase of nobody else';

/** Ada, who sends, and Bob, who gets; `toml` is added to the configuration. */
async function withTwo(
  toml: string,
  work: (ada: Mailbox, bob: { readonly address: string; readonly letters: LetterReader }) => Promise<void>,
): Promise<void> {
  await withSite(toml, async (site) => {
    const [ada, bob] = [await addAccount(site, 'ada', password), await addAccount(site, 'bob', password)];
    const server = await startServer(site);
    const letters = new LetterReader(server, bob, password);
    await work({ server, address: ada, password }, { address: bob, letters });
    letters.close();
    await server.stop();
  });
}

/** Every letter of a mailbox as it is served, newest first. */
async function wholeLetters(reader: LetterReader): Promise<readonly string[]> {
  const whole: string[] = [];
  for (const { url } of await reader.list())
    whole.push((await reader.get(url, 'message/rfc822')).toString('utf8'));
  return whole;
}

const transport = ({ server, address }: Mailbox) =>
  createTransport({
    host: 'localhost',
    port: server.port('submissions'),
    secure: true,
    auth: { user: address, pass: password },
    tls: { ca: server.authority },
  });

test('nodemailer asks for a report and gets it, with its own envelope id and recipient', async () => {
  await withTwo('', async (ada, bob) => {
    const sent = await transport(ada).sendMail({
      from: ada.address,
      to: bob.address,
      bcc: ada.address,
      subject: 'Grüße',
      text: 'the body',
      dsn: { id: 'QQ=1+2', return: 'full', notify: ['success', 'failure'], recipient: bob.address },
    });
    const reader = new LetterReader(ada.server, ada.address, password);
    const [report = '', copy = ''] = await wholeLetters(reader);
    reader.close();
    assert.match(report, /^Return-Path: <>\r\nDelivered-To: ada@letters\.example\r\n/);
    assert.match(
      report,
      /\r\nContent-Type: multipart\/report; report-type=delivery-status;\r\n boundary="[^"\r\n]+"\r\n/,
    );
    assert.match(report, /\r\nOriginal-Envelope-Id: QQ=1\+2\r\nReporting-MTA: dns; localhost\r\n/);
    for (const recipient of [bob.address, ada.address])
      assert.ok(
        report.includes(
          `\r\nFinal-Recipient: rfc822; ${recipient}\r\nAction: delivered\r\nStatus: 2.1.5\r\n`,
        ),
        report,
      );
    assert.ok(report.includes(`\r\nOriginal-Recipient: rfc822; ${bob.address}\r\n`), report);
    assert.ok(report.includes(`\r\nIn-Reply-To: ${sent.messageId}\r\n`), report);
    assert.doesNotMatch(report, /the body/);
    assert.match(copy, /the body/);
  });
});

/** curl sends one letter, from this sender; its own word on how that ended. */
async function curl(
  { server, address }: Mailbox,
  sender: string,
  recipient: string,
  letter: string,
): Promise<string> {
  const file = join(dirname(server.authorityFile), 'letter.eml');
  writeFileSync(file, letter);
  const args = ['--silent', '--show-error', '--verbose', '--max-time', '30', '--config', '-'];
  const what = ['--mail-from', sender, '--mail-rcpt', recipient, '--upload-file', file];
  const config = `user = "${address}:${password}"\ncacert = "${server.authorityFile}"\n`;
  const where = `smtps://localhost:${server.port('submissions')}`;
  const { status, complaints } = await run('curl', [...args, ...what, where], config);
  const replies = complaints.match(/^< [45]\d\d .*$/gm) ?? [];
  return status === 0 ? 'sent' : replies.join('\n').replaceAll('\r', '');
}

test('curl is told what an account may not send, and Bcc stays with the letter', async (t) => {
  if (!machineHas(t, 'curl')) return;
  const toml =
    '[aliases]\n"news@letters.example" = ["ada@letters.example"]\n[submission]\nletters_per_hour = 3';
  await withTwo(toml, async (ada, bob) => {
    const letter = (from: string): string =>
      `From: ${from}\r\nTo: ${bob.address}\r\nBcc: eve@x\r\n\r\nhi\r\n`;
    const own = letter(ada.address);
    assert.equal(
      await curl(ada, bob.address, bob.address, own),
      '< 550 5.7.1 MAIL FROM must be an address of the account that authenticated',
    );
    assert.equal(
      await curl(ada, ada.address, bob.address, letter(bob.address)),
      '< 550 5.7.1 From or Sender names bob@letters.example: no address of the account that authenticated',
    );
    assert.equal(await curl(ada, ada.address, bob.address, own), 'sent');
    assert.equal(await curl(ada, 'ada+x@letters.example', bob.address, own), 'sent');
    assert.equal(
      await curl(ada, 'news@letters.example', bob.address, letter('news@letters.example')),
      'sent',
    );
    assert.match(
      await curl(ada, ada.address, bob.address, own),
      /^< 450 4\.7\.0 More than 3 letters in one hour; try again in \d+ s$/,
    );
    const arrived = await wholeLetters(bob.letters);
    assert.equal(arrived.length, 3);
    for (const one of arrived) {
      assert.doesNotMatch(one, /eve@x/);
      assert.match(one, /\r\nDate: .* \+0000\r\nMessage-ID: <[0-9a-f]{36}@localhost>\r\nFrom: /);
    }
    const misuse = ada.server.events().filter(({ event }) => event === 'smtp.misuse');
    assert.deepEqual(
      misuse.map(({ account, asked, refusal }) => [account, asked, (refusal as { why: string }).why]),
      [
        ['ada@letters.example', 'sender', 'not-yours'],
        ['ada@letters.example', 'deliver', 'from-not-yours'],
        ['ada@letters.example', 'sender', 'sent-too-much'],
      ],
    );
  });
});

test('an account that has sent enough waits after a restart as well', async (t) => {
  if (!machineHas(t, 'curl')) return;
  await withSite('threads = 2\n[submission]\nletters_per_hour = 2', async (site) => {
    const address = await addAccount(site, 'ada', password);
    const letter = `From: ${address}\r\n\r\nhi\r\n`;
    const first = await startServer(site);
    const before: Mailbox = { server: first, address, password };
    for (let n = 0; n < 2; n += 1) assert.equal(await curl(before, address, address, letter), 'sent');
    await first.kill();
    const second = await startServer(site);
    const after: Mailbox = { server: second, address, password };
    for (let n = 0; n < 4; n += 1)
      assert.match(await curl(after, address, address, letter), /^< 450 4\.7\.0 /);
    await second.stop();
  });
});
