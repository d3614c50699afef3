import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { kept, lettersLeft, lines, withMaildrop } from './maildrop.ts';
import { machineHas, succeed } from './programs.ts';

test('getmail fetches what it has not seen yet, and removes it in the end', async (t) => {
  if (!machineHas(t, 'getmail', 'getmail6')) return;
  await withMaildrop(async (mailbox) => {
    const { server, address, folder, password } = mailbox;
    const inbox = join(folder, 'inbox');
    const fetch = async (remove: boolean): Promise<string> => {
      writeFileSync(inbox, '');
      const secret = join(folder, 'password');
      writeFileSync(
        secret,
        `import sys\nsys.stdout.buffer.write(${JSON.stringify(password)}.encode("utf-8"))\n`,
      );
      const settings = `[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = ${server.port('pop3')}
username = ${address}
password_command = ("python3", "${secret}")
ca_certs = ${server.authorityFile}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat >> ${inbox}")
allow_root_commands = true
[options]
read_all = false
delete = ${remove}
delivered_to = false
received = false
verbose = 0
`;
      writeFileSync(join(folder, 'getmailrc'), settings);
      await succeed('getmail', [`--getmaildir=${folder}`, '--rcfile=getmailrc']);
      // It says in each letter that it does not know who sent it.
      return readFileSync(inbox, 'utf8').replaceAll('Return-Path: <unknown>\n', '');
    };
    assert.equal(await fetch(false), lines.join(''));
    assert.equal(await fetch(false), '', 'letters came twice');
    assert.equal(await lettersLeft(mailbox), kept.length);
    await fetch(true);
    assert.equal(await lettersLeft(mailbox), 0);
  });
});
