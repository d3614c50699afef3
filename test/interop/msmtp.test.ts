import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { withEveryLogin, type EveryLogin } from './every-login.ts';
import { assertArrived, assertReported, letterFrom, mechanismsUsed } from './mailbox.ts';
import { machineHas, succeed } from './programs.ts';

/** What msmtp calls a mechanism, and what it logs in with. `on` leaves the choice to it. */
const logins = ['on', 'plain', 'login', 'scram-sha-256', 'external', 'oauthbearer', 'xoauth2'] as const;

/** A configuration of msmtp, with which it takes a letter as it is. */
function configuration(mailbox: EveryLogin, startTls: boolean): string {
  const { server, address, certificate } = mailbox;
  return `account default
host localhost
port ${server.port(startTls ? 'submission' : 'submissions')}
tls on
tls_starttls ${startTls ? 'on' : 'off'}
tls_trust_file ${server.authorityFile}
tls_cert_file ${certificate.certificate}
tls_key_file ${certificate.key}
user ${address}
from ${address}
set_from_header off
set_date_header off
set_msgid_header off
`;
}

test('msmtp sends over TLS and by STARTTLS, by each mechanism that it knows', async (t) => {
  if (!machineHas(t, 'msmtp')) return;
  await withEveryLogin(async (mailbox) => {
    const { server, address, folder, password, token } = mailbox;
    const letters: string[] = [];
    for (const startTls of [false, true]) {
      for (const login of logins) {
        const letter = letterFrom(address, `msmtp ${login}`);
        const secret = login === 'oauthbearer' || login === 'xoauth2' ? token : password;
        const file = join(folder, `msmtprc-${startTls}-${login}`);
        const lines = `${configuration(mailbox, startTls)}auth ${login}\npassword ${secret}\n`;
        // msmtp reads no file that others may read, where a password is in it.
        writeFileSync(file, lines, { mode: 0o600 });
        await succeed('msmtp', [`--file=${file}`, '--', address], letter);
        letters.unshift(letter);
      }
    }
    await assertArrived(mailbox, letters);
    const [byItself] = mechanismsUsed(server);
    const named = ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'EXTERNAL', 'OAUTHBEARER', 'XOAUTH2'];
    assert.deepEqual(mechanismsUsed(server), [byItself, ...named, byItself, ...named]);
  });
});

test('msmtp asks for a report of success, and it comes', async (t) => {
  if (!machineHas(t, 'msmtp')) return;
  await withEveryLogin(async (mailbox) => {
    const { address, folder } = mailbox;
    const file = join(folder, 'msmtprc');
    const lines = `${configuration(mailbox, false)}auth external\ndsn_notify success,failure\ndsn_return headers\n`;
    writeFileSync(file, lines, { mode: 0o600 });
    await succeed('msmtp', [`--file=${file}`, '--', address], letterFrom(address, 'msmtp with a report'));
    await assertReported(mailbox);
  });
});
