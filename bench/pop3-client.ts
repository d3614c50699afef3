/**
 * Fetches every letter of a maildrop with RETR, so many commands in flight, and prints one line of JSON: how many there were, their
 * octets, and how long it took from the first command to the last octet. A process of its own, so that it has a core of its own.
 *
 *     node bench/pop3-client.ts '{"host":…,"port":…,"authority":…,"user":…,"password":…,"window":20}'
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Fetch, Fetched } from './pop3.ts';

const job = JSON.parse(process.argv[2] ?? '') as Fetch;
const socket = connect({
  host: job.host,
  port: job.port,
  ca: job.authority,
  servername: 'localhost',
  // The certificate of a ground is for its address as well; what is measured is not its name.
  checkServerIdentity: () => undefined,
});
socket.setNoDelay(true);

const lineEnd = Buffer.from('\r\n');
const textEnd = Buffer.from('\r\n.\r\n');
let held: Buffer = Buffer.alloc(0);
let at = 0;

/** Everything up to and with the end, which is searched for and never walked to. */
async function upTo(end: Buffer): Promise<Buffer> {
  for (let from = at; ;) {
    const found = held.indexOf(end, from);
    if (found >= 0) {
      const bytes = held.subarray(at, found + end.length);
      at = found + end.length;
      return bytes;
    }
    const keptBytes = held.length - at;
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    held = keptBytes === 0 ? chunk : Buffer.concat([held.subarray(at), chunk]);
    at = 0;
    from = Math.max(0, keptBytes - end.length + 1);
  }
}

async function answered(): Promise<string> {
  const line = (await upTo(lineEnd)).toString('latin1');
  assert(line.startsWith('+OK'), line);
  return line;
}

await answered();
for (const command of [`USER ${job.user}`, `PASS ${job.password}`]) {
  socket.write(`${command}\r\n`);
  await answered();
}
socket.write('STAT\r\n');
const letters = Number((await answered()).split(' ')[1]);
const begun = performance.now();
let asked = 0;
let octets = 0;
for (let fetched = 0; fetched < letters; fetched += 1) {
  let commands = '';
  for (; asked < letters && asked - fetched < job.window; asked += 1) commands += `RETR ${asked + 1}\r\n`;
  if (commands !== '') socket.write(commands);
  await answered();
  octets += (await upTo(textEnd)).length - 3;
}
const seconds = (performance.now() - begun) / 1000;
socket.write('QUIT\r\n');
await answered();
socket.destroy();
console.log(JSON.stringify({ letters, octets, seconds } satisfies Fetched));
