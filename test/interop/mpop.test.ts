import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { EveryLogin } from './every-login.ts';
import { kept, lettersLeft, lines, withMaildrop } from './maildrop.ts';
import { mechanismsUsed } from './mailbox.ts';
import { machineHas, succeed } from './programs.ts';

/** What mpop calls a mechanism, and what it logs in with. `on` leaves the choice to it. */
const logins = [
  'on',
  'user',
  'plain',
  'login',
  'scram-sha-256',
  'external',
  'oauthbearer',
  'xoauth2',
] as const;

/** Runs mpop once; gives what it has written since the last time, a letter behind the other. */
async function fetch(
  { server, address, certificate, password, token, folder }: EveryLogin,
  login: (typeof logins)[number],
  startTls: boolean,
  keep: boolean,
): Promise<string> {
  const [file, inbox] = [join(folder, 'mpoprc'), join(folder, 'inbox')];
  const secret = login === 'oauthbearer' || login === 'xoauth2' ? token : password;
  const configuration = `account default
host localhost
port ${server.port(startTls ? 'pop3_stls' : 'pop3')}
tls on
tls_starttls ${startTls ? 'on' : 'off'}
tls_trust_file ${server.authorityFile}
tls_cert_file ${certificate.certificate}
tls_key_file ${certificate.key}
auth ${login}
user ${address}
password ${secret}
delivery mda cat >> ${inbox}
keep ${keep ? 'on' : 'off'}
received_header off
uidls_file ${join(folder, 'uidls')}
`;
  // mpop reads no file that others may read, where a password is in it.
  writeFileSync(file, configuration, { mode: 0o600 });
  writeFileSync(inbox, '');
  await succeed('mpop', [`--file=${file}`, '--quiet']);
  return readFileSync(inbox, 'utf8');
}

test('mpop fetches over TLS and by STLS, by each mechanism that it knows, and knows what it has', async (t) => {
  if (!machineHas(t, 'mpop')) return;
  await withMaildrop(async (mailbox) => {
    let expected = lines.join('');
    for (const startTls of [false, true]) {
      for (const login of logins) {
        // What it fetched once it knows by its unique identifier, whatever it comes in by.
        assert.equal(await fetch(mailbox, login, startTls, true), expected, login);
        expected = '';
      }
    }
    const [byItself] = mechanismsUsed(mailbox.server, 'pop3.login');
    const named = ['PLAIN', 'PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'EXTERNAL', 'OAUTHBEARER', 'XOAUTH2'];
    assert.deepEqual(mechanismsUsed(mailbox.server, 'pop3.login'), [byItself, ...named, byItself, ...named]);
    assert.equal(await lettersLeft(mailbox), kept.length);
    await fetch(mailbox, 'on', false, false);
    assert.equal(await lettersLeft(mailbox), 0);
  });
});
