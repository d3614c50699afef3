import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { LetterReader } from '../support/letters.ts';
import { addAccount, startServer, withSite, type RunningServer } from '../support/server.ts';
import type { Ground } from './foreign-ground.ts';
import { machineRuns, withForeignServer } from './foreign-server.ts';
import { letterFrom } from './mailbox.ts';
import { succeed } from './programs.ts';

const client = '127.0.0.9';
/** Runs nginx as a proxy of SMTP before the door for other servers, and ends it. */
async function withNginx(server: RunningServer, work: (at: Ground) => Promise<void>): Promise<void> {
  // nginx asks over HTTP where each client is to go.
  const director = createServer((_, answer) => {
    answer.setHeader('Auth-Status', 'OK');
    answer.setHeader('Auth-Server', '127.0.0.1');
    answer.setHeader('Auth-Port', server.port('exchanger'));
    answer.end();
  }).listen(0, '127.0.0.1');
  await once(director, 'listening');
  const { port } = director.address() as AddressInfo;
  try {
    await withForeignServer(
      'nginx',
      (ground) => {
        const file = ground.file('nginx.conf', configuration(ground, port));
        return { command: ['nginx', '-c', file, '-e', 'stderr'], listens: /event method/ };
      },
      work,
    );
  } finally {
    director.close();
  }
}

/** Debian has the mail module in a file of its own. */
const configuration = ({ folder, address, port }: Ground, director: number): string => `
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
mail {
  server_name proxy.example;
  auth_http 127.0.0.1:${director}/;
  server { listen ${address}:${port}; protocol smtp; smtp_auth none; xclient on; }
}
`;

test('nginx says by XCLIENT whom it speaks for, and that address is in the letter', async (t) => {
  if (!machineRuns(t, 'nginx')) return;
  await withSite('access.xclient = ["127.0.0.1"]', async (site) => {
    const password = 'open sesame';
    const address = await addAccount(site, 'ada', password);
    const server = await startServer(site);
    await withNginx(server, async ({ address: front, port }) => {
      const letter = letterFrom(address, 'through nginx');
      const path = ['--mail-from', 'ben@elsewhere.example', '--mail-rcpt', address, '--upload-file', '-'];
      const way = ['--silent', '--show-error', '--interface', client];
      await succeed('curl', [...way, ...path, `smtp://${front}:${port}`], letter);
      const proxied = await server.logged(({ event }) => event === 'smtp.proxied');
      assert.equal(proxied['peer'], client);
      assert.equal(proxied['proxy'], '127.0.0.1');
      const reader = new LetterReader(server, address, password);
      const [listed] = await reader.list();
      assert.ok(listed !== undefined);
      const served = (await reader.get(listed.url, 'message/rfc822')).toString('latin1');
      reader.close();
      assert.ok(served.includes(`smtp.remote-ip=${client}`) && served.includes(`([${client}])`), served);
      assert.ok(served.endsWith(letter));
    });
    await server.stop();
  });
});
