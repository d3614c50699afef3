import assert from 'node:assert/strict';
import test from 'node:test';
import { addAccount, startServer, withSite, type LogEvent, type RunningServer } from '../support/server.ts';
import { freePort } from './foreign-ground.ts';
import { machineRuns, withForeignServer } from './foreign-server.ts';
import { letterFrom } from './mailbox.ts';
import { run, succeed } from './programs.ts';

const client = '127.0.0.9';

const doors = ['submissions', 'submission', 'exchanger', 'https'] as const;
type Ports = Readonly<Record<(typeof doors)[number], number>>;

/** Runs HAProxy before every door of a server, saying who its clients are in this way, and ends it. */
function withHaproxy(
  server: RunningServer,
  how: string,
  work: (address: string, ports: Ports) => Promise<void>,
): Promise<void> {
  const ports: Record<string, number> = {};
  return withForeignServer(
    'haproxy',
    async (ground) => {
      const timeouts = ['connect', 'client', 'server'].map((side) => `  timeout ${side} 60s\n`).join('');
      let text = `defaults\n  mode tcp\n${timeouts}`;
      for (const door of doors) {
        ports[door] = await freePort(ground.address);
        text += `listen ${door}\n  bind ${ground.address}:${ports[door]}\n`;
        text += `  server letterlock 127.0.0.1:${server.port(door)} ${how}\n`;
      }
      const file = ground.file('haproxy.cfg', text);
      return { command: ['haproxy', '-W', '-db', '-f', file], listens: /Loading success/ };
    },
    ({ address }) => work(address, ports as Ports),
  );
}

const curl = (server: RunningServer, ...args: readonly string[]): readonly string[] => [
  '--silent',
  '--show-error',
  '--cacert',
  server.authorityFile,
  '--interface',
  client,
  ...args,
];

/** One name of the certificate, at HAProxy's port. */
const through = (address: string, port: number): readonly string[] => [
  '--connect-to',
  `localhost:${port}:${address}:${port}`,
];

for (const how of [
  'send-proxy',
  'send-proxy-v2',
  'send-proxy-v2 proxy-v2-options crc32c,unique-id,authority',
])
  test(`behind HAProxy with ${how}, the client's own address is in the letter and in the log`, async (t) => {
    if (!machineRuns(t, 'haproxy')) return;
    await withSite(`access = { proxies = ["127.0.0.1"], proxy_seconds = 1 }`, async (site) => {
      const address = await addAccount(site, 'ada', 'open sesame');
      const server = await startServer(site);
      await withHaproxy(server, how, async (front, ports) => {
        const letter = letterFrom(address, 'through HAProxy');
        const ways = [
          [`smtps://localhost:${ports.submissions}`, '--user', `${address}:open sesame`],
          [`smtp://localhost:${ports.submission}`, '--ssl-reqd', '--user', `${address}:open sesame`],
          [`smtp://localhost:${ports.exchanger}`],
        ] as const;
        for (const [url, ...more] of ways) {
          const from = ['--mail-from', address, '--mail-rcpt', address, '--upload-file', '-'];
          const to = through(front, Number(new URL(url).port));
          await succeed('curl', curl(server, ...to, ...from, ...more, url), letter);
        }
        const json = await succeed(
          'curl',
          curl(
            server,
            ...through(front, ports.https),
            '--fail',
            '--user',
            `${address}:open sesame`,
            '--header',
            'Accept: application/json',
            `https://localhost:${ports.https}/letters/${address}`,
          ),
        );
        const { letters } = JSON.parse(json) as { letters: { transport: { client: { address: string } } }[] };
        assert.deepEqual(
          letters.map(({ transport }) => transport.client.address),
          [client, client, client],
        );
        const connected = (event: string): readonly LogEvent[] =>
          server.events().filter((line) => line.event === event && line['peer'] === client);
        assert.equal(connected('smtp.connected').length, 3);
        assert.equal(connected('http.connected').length, 1);
        for (const line of connected('smtp.connected')) assert.equal(line['proxy'], '127.0.0.1');
        // Who goes round HAProxy is not let in.
        const around = await run(
          'curl',
          curl(server, '--interface', '127.0.0.1', `smtp://localhost:${server.port('exchanger')}`),
        );
        assert.notEqual(around.status, 0);
        await server.logged(({ event }) => event === 'door.no-proxy-header');
      });
      await server.stop();
    });
  });
