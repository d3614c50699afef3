import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startNameServer } from '../../src/net/dns-loopback.ts';
import { addAccount, startServer, withSite } from '../support/server.ts';

const run = promisify(execFile);

test('curl leaves a letter at the door for other servers, in the clear and by STARTTLS', async (t) => {
  const names = await startNameServer(t, { 'sender.example': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] } });
  const more = `threads = 2
dns.servers = ["127.0.0.1:${names.port}"]
recipients.catch_all = { "letters.example" = "nu1@letters.example" }`;
  await withSite(more, async (site) => {
    await addAccount(site, 'nu1', 'open sesame');
    const server = await startServer(site);
    const file = join(site.folder, 'letter.txt');
    writeFileSync(file, 'From: bob@sender.example\r\nSubject: hi\r\n\r\nHello\r\n');
    const send = (to: string, ...options: readonly string[]): Promise<unknown> =>
      run('curl', [
        '--silent',
        '--show-error',
        '--cacert',
        server.authorityFile,
        ...options,
        '--mail-from',
        'bob@sender.example',
        '--mail-rcpt',
        to,
        '--upload-file',
        file,
        `smtp://localhost:${server.port('exchanger')}`,
      ]);
    await send('nu1@letters.example');
    await send('anybody@letters.example', '--ssl-reqd', '--tls-max', '1.2');
    await send('postmaster@letters.example', '--ssl-reqd', '--tlsv1.3');
    await assert.rejects(send('nu1@far.example'), /550/);
    const { stdout } = await run('curl', [
      '--silent',
      '--show-error',
      '--fail',
      '--cacert',
      server.authorityFile,
      '--user',
      'nu1@letters.example:open sesame',
      '--header',
      'Accept: application/json',
      `https://localhost:${server.port('https')}/letters/nu1@letters.example`,
    ]);
    const { letters } = JSON.parse(stdout) as {
      letters: { transport: { tls: { version: string } | null; senders: { spf: { result: string } } } }[];
    };
    assert.deepEqual(
      letters.map(({ transport }) => [transport.tls?.version ?? null, transport.senders.spf.result]),
      [
        ['TLSv1.3', 'pass'],
        ['TLSv1.2', 'pass'],
        [null, 'pass'],
      ],
    );
    await server.stop();
  });
});
