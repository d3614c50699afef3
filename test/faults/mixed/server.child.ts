/**
 * The server, in a process that has loaded it and waits for the word to begin, so that a round does not wait for that.
 *   node server.child.ts CONFIGURATION
 */
import fs from 'node:fs';
import { createInterface } from 'node:readline';
import { loadConfig } from '../../../src/app/config.ts';
import { openLog, logSettings } from '../../../src/app/log.ts';
import { startServer } from '../../../src/app/server.ts';
import type { Order, Word } from './attempts.ts';

const say = (word: Word): void => void fs.writeSync(1, `${JSON.stringify(word)}\n`);

const loaded = await loadConfig(process.argv[2] ?? null, { variables: {}, folder: process.cwd() });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.refusal));
const config = loaded.value;
const log = logSettings(config.log, { isTerminal: false, noColour: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { order } = JSON.parse(line) as Order;
  if (order !== 'open') continue;
  const journal = openLog(log);
  const server = await startServer({ config, journal, log, trace: false, askPassphrase: null });
  say({ is: 'open', ports: Object.fromEntries(server.doors.map(({ name, port }) => [name, port])) });
}
