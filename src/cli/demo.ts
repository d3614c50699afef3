import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { openLog } from '../app/log.ts';
import { startServer, type Server } from '../app/server.ts';
import { formatPlace } from '../net/door.ts';
import { parseAddress, type Address } from '../mail/address.ts';
import { composeLetter } from '../mail/compose.ts';
import type { TlsFacts } from '../mail/transport.ts';
import { systemClock } from '../net/clock.ts';
import { basicCredentials, httpsGet, type Got } from '../net/https-get.ts';
import { SmtpConnection, type Trace } from '../net/smtp-client.ts';
import { connectTls, explainConnectRefusal, type Connected } from '../net/tls/connect.ts';
import { tlsFactsLine } from '../net/tls/facts.ts';
import { Secret } from '../sasl/exchange.ts';
import { complain } from './complain.ts';
import { configuredBy } from './configured.ts';
import { masked } from './masked.ts';
import { check, expectReply } from './expected.ts';

/** `letterlock demo`: one letter from one person to another, with proof. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('send a letter over TLS 1.3, read it back over HTTPS, and show all of it')
    .action(() => complain(demo));
}

const alice = addressOf('alice@demo.example');
const bob = addressOf('bob@demo.example');
const aliceName = 'alice@demo.example';
const bobName = 'bob@demo.example';

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};
const show: Trace = (from, line) => say(`  ${from === 'client' ? 'C:' : 'S:'} ${masked(line)}`);

async function demo(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-demo-'));
  try {
    const config = await configuredBy(configurationFor(folder));
    const log = { level: 'warn', format: 'text', colour: false } as const;
    const server = await startServer({
      config,
      journal: openLog(log),
      log,
      trace: false,
      askPassphrase: null,
    });
    try {
      await exchange(server);
    } finally {
      await server.close(1000);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const configurationFor = (folder: string): string => `
  host = "localhost"
  domains = ["demo.example"]
  data = ${JSON.stringify(folder)}
  threads = 1
  [enrolment]
  open = true
  [listen]
  submissions = { port = 0 }
  submission = { enabled = false }
  exchanger = { enabled = false }
  imap = { enabled = false }
  pop3 = { enabled = false }
  https = { port = 0 }
`;

/** Enrols two people, sends the letter, fetches it, and compares; throws `HouseRefused` where anything is not as it must be. */
async function exchange(server: Server): Promise<void> {
  const authority = await readFile(must(server.authority, 'the server has no development authority'), 'utf8');
  const smtp = door(server, 'submissions');
  const https = door(server, 'https');
  say(
    `Letterlock listens at ${formatPlace(smtp)} (SMTP over TLS) and ${formatPlace(https)} (HTTPS), in a fresh folder.`,
  );

  say('\nTwo people enrol:');
  const passwords = new Map<string, Secret>();
  for (const [name, address] of [
    [aliceName, alice],
    [bobName, bob],
  ] as const) {
    passwords.set(name, await enrol(smtp.port, authority, address));
  }

  const letter = composeLetter({
    from: { name: 'Alice', address: alice },
    to: [{ name: 'Bob', address: bob }],
    subject: 'The first letter',
    text: 'Dear Bob,\n\nThis letter crossed no connection that is not protected.\n.\nThe line above is a single dot, and it arrived.\n\nAlice\n',
    date: systemClock.now(),
    messageId: `${randomUUID()}@demo.example`,
  });
  say('\nAlice sends a letter to Bob:');
  const sent = await send(smtp.port, authority, must(passwords.get(aliceName), 'no password'), letter);

  say('\nBob fetches it:');
  const fetched = await fetchLetter(https.port, authority, must(passwords.get(bobName), 'no password'));

  const original = Buffer.from(letter);
  const prefix = fetched.body.subarray(0, fetched.body.length - original.length).toString('utf8');
  const same = fetched.body.subarray(fetched.body.length - original.length).equals(original);
  check(
    same && /^Return-Path: [^]*\r\nReceived: [^]*\r\n$/.test(prefix),
    'the letter that came back is not the one that was sent',
  );

  say('\nThe letter as Bob has it:');
  for (const line of fetched.body.toString('utf8').split('\r\n')) say(`  | ${line}`);
  say('What TLS agreed:');
  say(`  sending   ${tlsFactsLine(sent)}`);
  say(`  reading   ${tlsFactsLine(fetched.facts)}`);
  for (const facts of [sent, fetched.facts]) {
    check(facts.version === 'TLSv1.3', `the connection was ${facts.version}, not TLSv1.3`);
    check(facts.postQuantum, `the key agreement ${facts.group ?? 'unknown'} is not post-quantum`);
  }
  say(
    `\nThe same ${original.length} bytes arrived: SHA-256 ${createHash('sha256').update(original).digest('hex')}`,
  );
}

async function enrol(port: number, authority: string, address: Address): Promise<Secret> {
  const { connection } = await connect(port, authority);
  await expectReply(connection, { send: 'EHLO', name: 'demo.example' }, 250);
  const { lines } = await expectReply(connection, { send: 'XENROL', address }, 250);
  await connection.ended();
  const password = lines
    .map((line) => /Password: (\S+)$/.exec(line)?.[1])
    .find((found) => found !== undefined);
  return new Secret(must(password, 'the enrolment gave no password'));
}

async function send(
  port: number,
  authority: string,
  password: Secret,
  letter: Uint8Array,
): Promise<TlsFacts> {
  const { connection, facts } = await connect(port, authority);
  await expectReply(connection, { send: 'EHLO', name: 'demo.example' }, 250);
  const login = await connection.authenticate(aliceName, password, randomBytes);
  check(
    login.ok && login.value.reply.code === 235 && login.value.failure === null,
    'Alice could not authenticate',
  );
  await expectReply(connection, { send: 'MAIL', sender: alice, sizeBytes: letter.length }, 250);
  await expectReply(connection, { send: 'RCPT', recipient: bob }, 250);
  await expectReply(connection, { send: 'DATA' }, 354);
  await expectReply(connection, { send: 'content', chunks: [letter] }, 250);
  await connection.quit();
  return facts;
}

async function connect(
  port: number,
  authority: string,
): Promise<{ connection: SmtpConnection; facts: TlsFacts }> {
  const { socket, facts } = await secured(port, authority, 'smtp');
  const connection = new SmtpConnection(socket, show);
  const greeting = await connection.greeting();
  check(greeting.code === 220, `the server greets with ${greeting.code}`);
  return { connection, facts };
}

async function fetchLetter(
  port: number,
  authority: string,
  password: Secret,
): Promise<Got & { facts: TlsFacts }> {
  const list = `/letters/${encodeURIComponent(bobName)}`;
  const get = async (path: string, accept: string): Promise<Got & { facts: TlsFacts }> => {
    const { socket, facts } = await secured(port, authority, 'http/1.1');
    const authorization = basicCredentials(bobName, password.reveal());
    say(`  C: GET ${path} (Accept: ${accept}, Authorization: Basic ***)`);
    const got = await httpsGet(socket, {
      host: `localhost:${port}`,
      path,
      headers: { accept, authorization },
    });
    say(`  S: ${got.status} ${got.headers.get('content-type') ?? ''}, ${got.body.length} bytes`);
    check(got.status === 200, `GET ${path} was answered with ${got.status}`);
    return { ...got, facts };
  };
  const { letters } = JSON.parse((await get(list, 'application/json')).body.toString('utf8')) as {
    letters: { id: string | number }[];
  };
  check(letters.length === 1, `Bob has ${letters.length} letters, not one`);
  return get(`${list}/${letters[0]?.id}`, 'message/rfc822');
}

async function secured(port: number, authority: string, protocol: string): Promise<Connected> {
  const connected = await connectTls({
    host: 'localhost',
    port,
    authorities: authority,
    applicationProtocols: [protocol],
  });
  if (!connected.ok) throw new HouseRefused(explainConnectRefusal(connected.refusal, 'localhost', port));
  return connected.value;
}

function door(server: Server, name: string): Server['doors'][number] {
  return must(
    server.doors.find((found) => found.name === name),
    `the server has no door ${name}`,
  );
}

function must<Value>(value: Value | null | undefined, otherwise: string): Value {
  check(value !== null && value !== undefined, otherwise);
  return value;
}

function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`${text} is no address`);
  return parsed.value;
}
