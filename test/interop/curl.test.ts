import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import type { ListedLetter } from '../support/letters.ts';
import { withEveryLogin } from './every-login.ts';
import { assertArrived, letterFrom, mechanismsUsed, withMailbox, type Mailbox } from './mailbox.ts';
import { kept, lettersLeft, lines, withMaildrop } from './maildrop.ts';
import { machineHas, succeed } from './programs.ts';

/** curl with its credentials in a configuration on standard input, where no list of processes shows them. */
function curl({ server, address, password }: Mailbox, args: readonly string[]): Promise<string> {
  const quoted = `${address}:${password}`.replaceAll(/["\\]/g, String.raw`\$&`);
  const config = `user = "${quoted}"\ncacert = "${server.authorityFile}"\n`;
  return succeed(
    'curl',
    ['--silent', '--show-error', '--fail', '--max-time', '30', '--config', '-', ...args],
    config,
  );
}

/** Sends a letter to its sender. curl reads a letter from a file, and standard input is taken. */
async function send(
  mailbox: Mailbox,
  folder: string,
  letter: string,
  args: readonly string[],
): Promise<void> {
  const file = join(folder, 'letter.eml');
  writeFileSync(file, letter, 'latin1');
  const { address } = mailbox;
  await curl(mailbox, ['--mail-from', address, '--mail-rcpt', address, '--upload-file', file, ...args]);
}

test('curl sends over smtps:// and by STARTTLS, and reads both over HTTPS', async (t) => {
  if (!machineHas(t, 'curl')) return;
  await withMailbox(async (mailbox) => {
    const { server, address } = mailbox;
    const folder = dirname(server.authorityFile);
    const implicit = [`smtps://localhost:${server.port('submissions')}`];
    const startTls = ['--ssl-reqd', `smtp://localhost:${server.port('submission')}`];
    const letters: string[] = [];
    for (const [index, door] of [implicit, startTls].entries()) {
      for (const mechanism of ['PLAIN', 'LOGIN']) {
        const letter = letterFrom(address, `curl ${index} ${mechanism}`);
        await send(mailbox, folder, letter, [...door, '--login-options', `AUTH=${mechanism}`]);
        letters.unshift(letter);
      }
    }
    assert.deepEqual(mechanismsUsed(server), ['PLAIN', 'LOGIN', 'PLAIN', 'LOGIN']);
    await assertArrived(mailbox, letters);
    await readAll(mailbox, letters);
  });
});

test('curl logs in with its certificate and with an access token', async (t) => {
  if (!machineHas(t, 'curl')) return;
  await withEveryLogin(async (mailbox) => {
    const { server, address, folder, certificate, token } = mailbox;
    // It has EXTERNAL with a user name and no password.
    const external = `user = "${address}:"\ncert = "${certificate.certificate}"\nkey = "${certificate.key}"\n`;
    const bearer = `user = "${address}"\noauth2-bearer = "${token}"\n`;
    // It uses XOAUTH2 with servers that do not have OAUTHBEARER, and with no others.
    const logins = [
      ['EXTERNAL', external],
      ['OAUTHBEARER', bearer],
    ] as const;
    const file = join(folder, 'letter.eml');
    const letters: string[] = [];
    for (const [mechanism, login] of logins) {
      const letter = letterFrom(address, `curl ${mechanism}`);
      writeFileSync(file, letter, 'latin1');
      const config = `${login}cacert = "${server.authorityFile}"\nlogin-options = "AUTH=${mechanism}"\n`;
      const envelope = ['--mail-from', address, '--mail-rcpt', address, '--upload-file', file];
      const door = `smtps://localhost:${server.port('submissions')}`;
      await succeed('curl', ['--silent', '--show-error', '--config', '-', ...envelope, door], config);
      letters.unshift(letter);
    }
    await assertArrived(mailbox, letters);
    assert.deepEqual(
      mechanismsUsed(server),
      logins.map(([mechanism]) => mechanism),
    );
  });
});

/** All four representations. */
async function readAll(mailbox: Mailbox, letters: readonly string[]): Promise<void> {
  const { server, address } = mailbox;
  const site = `https://localhost:${server.port('https')}`;
  const get = (path: string, accept: string): Promise<string> =>
    curl(mailbox, ['--header', `Accept: ${accept}`, `${site}${path}`]);
  const list = `/letters/${encodeURIComponent(address)}`;
  const json = JSON.parse(await get(list, 'application/json')) as {
    readonly letters: readonly ListedLetter[];
  };
  assert.equal(json.letters.length, letters.length);
  for (const [index, { url }] of json.letters.entries()) {
    const whole = await get(url, 'message/rfc822');
    assert.ok(whole.startsWith('Return-Path: <') && whole.endsWith(letters[index] ?? '?'), whole);
  }
  const shown = await get(list, 'text/plain');
  assert.equal(shown.match(/^Subject: curl /gm)?.length, letters.length);
  assert.match(
    shown,
    /^\[DATE: [0-9/]{10}\] \[TIME: [0-9:]{8}\]\n\[Delivered\]\nMAIL FROM: ada@letters\.example\n/,
  );
  const mbox = await get(list, 'application/mbox');
  assert.equal(mbox.match(/^From ada@letters\.example /gm)?.length, letters.length);
  assert.equal(mbox.match(/^the end\r?$/gm)?.length, letters.length);
}

test('curl lists, fetches and removes letters over pop3s:// and by STLS, by each mechanism that it knows', async (t) => {
  if (!machineHas(t, 'curl')) return;
  await withMaildrop(async (mailbox) => {
    const { server } = mailbox;
    const implicit = `pop3s://localhost:${server.port('pop3')}`;
    const startTls = `pop3://localhost:${server.port('pop3_stls')}`;
    for (const place of [implicit, startTls]) {
      for (const mechanism of ['PLAIN', 'LOGIN']) {
        const login = ['--ssl-reqd', '--login-options', `AUTH=${mechanism}`];
        const listed = await curl(mailbox, [...login, `${place}/`]);
        assert.equal(
          listed.replaceAll('\r\n', '\n').trim(),
          kept.map((letter, index) => `${index + 1} ${Buffer.byteLength(letter)}`).join('\n'),
        );
      }
    }
    assert.deepEqual(mechanismsUsed(server, 'pop3.login'), ['PLAIN', 'LOGIN', 'PLAIN', 'LOGIN']);
    for (const [index, text] of lines.entries())
      assert.equal(await curl(mailbox, [`${implicit}/${index + 1}`]), text.replaceAll('\n', '\r\n'));
    await curl(mailbox, ['--list-only', '--request', 'DELE', `${implicit}/1`]);
    assert.equal(await lettersLeft(mailbox), kept.length - 1);
  });
});
