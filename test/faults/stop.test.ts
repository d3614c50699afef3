import test from 'node:test';
import { startServer, withSite } from '../support/server.ts';

test('a server that has said that it is ready takes every signal as it should', async () => {
  await withSite('', async (site) => {
    for (let times = 0; times < 3; times += 1) {
      const server = await startServer(site);
      process.kill(server.pid, 'SIGHUP');
      await server.logged(({ event }) => event === 'tls.reloaded');
      await server.stop();
    }
    // Not even the first line that it prints is too early.
    await (await startServer(site)).stop();
  });
});
