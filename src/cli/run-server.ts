import { processEnvironment, type Config } from '../app/config.ts';
import { logSettings, openLog } from '../app/log.ts';
import { startServer, type Server } from '../app/server.ts';
import { askSecret } from './ask-secret.ts';

/** How long sessions under way may take to end when the server is told to stop. */
const graceMs = 10_000;

/**
 * Starts a server, tells with `ready` how to reach it, and serves until a signal ends it: SIGTERM or SIGINT in good
 * order (a second one at once), SIGHUP reloads certificates. Ends with status 1 where a thread breaks.
 */
export async function runServer(
  config: Config,
  trace: boolean,
  ready: (server: Server) => string,
): Promise<void> {
  const noColour = (processEnvironment().variables['NO_COLOR'] ?? '') !== '';
  const log = logSettings(config.log, { isTerminal: process.stdout.isTTY, noColour });
  const journal = openLog(log);
  const server = await startServer({ config, journal, log, trace, askPassphrase: askSecret });
  // Whoever reads that it is ready may send a signal at once.
  const told = signalled();
  process.on('SIGHUP', () => {
    server.reload().then(
      (why) => {
        if (why === null) journal.info('tls.reloaded', {});
        else journal.error('tls.reload-refused', { why });
      },
      (error: unknown) => journal.error('tls.reload-refused', { error }),
    );
  });
  process.stdout.write(`${ready(server)}\n`);
  for (const { name, address, port } of server.doors)
    journal.info('door.open', { door: name, address, port });
  const outcome = await Promise.race([told, server.broken]);
  if (outcome instanceof Error) {
    journal.error('server.broken', { error: outcome });
    process.exit(1);
  }
  journal.info('server.stopping', { signal: outcome });
  void signalled().then((signal) => {
    journal.warn('server.stopped-at-once', { signal });
    process.exit(1);
  });
  await server.close(graceMs);
  journal.info('server.stopped', {});
  process.exit(0);
}

function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}
