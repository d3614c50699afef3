import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultThrottleLimits } from '../accounts/throttle.ts';
import { HouseRefused, residents } from '../app/house.ts';
import { openLog } from '../app/log.ts';
import { serverSecret } from '../app/server-secret.ts';
import { startServer, type Server } from '../app/server.ts';
import { formatAddress, type Address } from '../mail/address.ts';
import { composeLetter } from '../mail/compose.ts';
import type { CapturedPacket } from '../net/capture-pcapng.ts';
import { Capture, CapturingRelay } from '../net/capture.ts';
import { systemClock } from '../net/clock.ts';
import { connectExposed, openExposedDoor } from '../net/exposed.ts';
import { Http2Reader } from '../net/http2-get.ts';
import { basicCredentials, type Got } from '../net/https-get.ts';
import { Patience } from '../net/patience.ts';
import { Room } from '../net/room.ts';
import { SmtpConnection } from '../net/smtp-client.ts';
import { connectTls, explainConnectRefusal } from '../net/tls/connect.ts';
import { Secret } from '../sasl/exchange.ts';
import { plainTable } from '../policy/local-recipients.ts';
import { defaultSubmissionRules } from '../policy/submission.ts';
import { defaultExtensions } from '../smtp/extensions.ts';
import { defaultLimits } from '../smtp/limits.ts';
import { openStore } from '../store/sqlite/open.ts';
import { configuredBy } from './configured.ts';
import { check, expectReply } from './expected.ts';

/** Somebody with an account. */
export type Person = { readonly address: Address; readonly name: string; readonly password: Secret };

/** What was said, and the packets that said it. */
export type Exchange = {
  readonly sender: Person;
  readonly recipient: Person;
  readonly subject: string;
  /** The letter as the sender gave it to the server, both times. */
  readonly letter: Uint8Array;
  readonly tls: {
    readonly packets: readonly CapturedPacket[];
    /** The secrets of both connections, lines of an SSLKEYLOGFILE. */
    readonly keyLog: string;
    readonly smtpPort: number;
    readonly httpsPort: number;
  };
  readonly plain: { readonly packets: readonly CapturedPacket[]; readonly port: number };
};

const here = '127.0.0.1';
const domain = 'proof.example';
const subject = 'Where the key is';
const text = `Dear Grace,

The key lies under the third stone from the gate.
..and this line begins with two dots, which SMTP has to double.
Tell nobody.

Ada
`;

/**
 * A letter from one person to another by SMTP, and its way back by HTTPS, over TLS; then the same letter by SMTP over
 * plain TCP. All in a fresh folder that is removed. Throws `HouseRefused` where a step does not go as it must.
 */
export async function exchangeLetters(): Promise<Exchange> {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-proof-'));
  try {
    return await exchangeIn(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function exchangeIn(folder: string): Promise<Exchange> {
  const config = await configuredBy(`
    host = "localhost"
    domains = ["${domain}"]
    data = ${JSON.stringify(folder)}
    threads = 1
    [enrolment]
    open = true
    [listen]
    submissions = { address = "${here}", port = 0 }
    submission = { enabled = false }
    exchanger = { enabled = false }
    imap = { enabled = false }
    pop3 = { enabled = false }
    https = { address = "${here}", port = 0 }
  `);
  const log = { level: 'warn', format: 'text', colour: false } as const;
  const journal = openLog(log);
  const server = await startServer({ config, journal, log, trace: false, askPassphrase: null });
  let protectedPart: Omit<Exchange, 'plain'>;
  try {
    protectedPart = await overTls(server);
  } finally {
    await server.close(1000);
  }
  return { ...protectedPart, plain: await overTcp(folder, protectedPart) };
}

async function overTls(server: Server): Promise<Omit<Exchange, 'plain'>> {
  const authority = await readFile(server.authority ?? '', 'utf8');
  const smtpPort = portOf(server, 'submissions');
  const httpsPort = portOf(server, 'https');
  const secure = { authorities: authority, host: here, serverName: 'localhost' } as const;
  const sender = await enrol({ localPart: 'ada', domain }, { ...secure, port: smtpPort });
  const recipient = await enrol({ localPart: 'grace', domain }, { ...secure, port: smtpPort });
  const letter = composeLetter({
    from: { name: 'Ada', address: sender.address },
    to: [{ name: 'Grace', address: recipient.address }],
    subject,
    text,
    date: systemClock.now(),
    messageId: `${randomUUID()}@${domain}`,
  });

  const capture = new Capture(systemClock);
  const secrets: Buffer[] = [];
  const watched = { ...secure, keyLog: (line: Buffer) => void secrets.push(line) };
  await through(smtpPort, capture, async (port) => {
    await send(await secured({ ...watched, port }), sender, recipient, letter);
  });
  await through(httpsPort, capture, async (port) => {
    const socket = await secured({ ...watched, port, applicationProtocols: ['h2'] });
    const served = await fetchLetter(new Http2Reader(socket, `localhost:${httpsPort}`), recipient);
    const sent = Buffer.from(letter);
    check(
      served.subarray(-sent.length).equals(sent),
      'the letter that came back is not the one that was sent',
    );
  });
  const keyLog = Buffer.concat(secrets).toString('latin1');
  return {
    sender,
    recipient,
    subject,
    letter,
    tls: { packets: capture.packets, keyLog, smtpPort, httpsPort },
  };
}

/** The same people and the same letter, by a door that protects nothing. */
async function overTcp(
  folder: string,
  { sender, recipient, letter }: Omit<Exchange, 'plain'>,
): Promise<Exchange['plain']> {
  const opened = await openStore(folder);
  if (!opened.ok) throw new HouseRefused(opened.refusal.message);
  const store = opened.value;
  try {
    const setup = {
      host: 'localhost',
      domains: [domain],
      recipients: plainTable([domain]),
      secret: await serverSecret(folder),
      enrolment: { open: false, password: 'strong', perNetworkHour: 0 },
      throttle: defaultThrottleLimits,
      submission: defaultSubmissionRules,
      exchanger: { authservId: 'localhost' },
    } as const;
    const door = await openExposedDoor(here, {
      policy: residents(setup, store).policy,
      journal: openLog({ level: 'warn', format: 'text', colour: false }),
      patience: new Patience(systemClock, 60_000),
      room: new Room(1_048_576),
      settings: {
        host: setup.host,
        door: 'submission',
        extensions: defaultExtensions.submission,
        limits: defaultLimits,
        startTls: false,
        enrolment: false,
        mailBeforeAuth: 530,
        protection: 'required',
        trace: false,
        random: randomBytes,
      },
    });
    try {
      const capture = new Capture(systemClock);
      await through(door.port, capture, async (port) => {
        await send(await connectExposed(here, port), sender, recipient, letter);
      });
      return { packets: capture.packets, port: door.port };
    } finally {
      await door.close(1000);
    }
  } finally {
    await store.close();
  }
}

/** Runs `visit` with the port of a relay to `port`, until the connection that it makes is over and captured. */
async function through(
  port: number,
  capture: Capture,
  visit: (port: number) => Promise<void>,
): Promise<void> {
  const relay = await CapturingRelay.open({ address: here, port }, capture);
  try {
    await visit(relay.port);
    await relay.idle();
  } finally {
    await relay.close();
  }
}

type ConnectSettings = Parameters<typeof connectTls>[0];
type Socket = ConstructorParameters<typeof SmtpConnection>[0];
type SecureSocket = ConstructorParameters<typeof Http2Reader>[0];

async function secured(settings: ConnectSettings): Promise<SecureSocket> {
  const connected = await connectTls(settings);
  if (connected.ok) return connected.value.socket;
  throw new HouseRefused(explainConnectRefusal(connected.refusal, settings.host, settings.port));
}

async function enrol(address: Address, settings: ConnectSettings): Promise<Person> {
  const connection = await greeted(await secured(settings));
  const { lines } = await expectReply(connection, { send: 'XENROL', address }, 250);
  await connection.ended();
  const password = lines
    .map((line) => /Password: (\S+)$/.exec(line)?.[1])
    .find((found) => found !== undefined);
  check(password !== undefined, 'the enrolment gave no password');
  return { address, name: formatAddress(address), password: new Secret(password) };
}

/**
 * The whole dialogue from EHLO to QUIT. PLAIN both times, although SCRAM would be chosen over TLS: only TLS keeps its
 * password from an eavesdropper, and that is what is to be seen.
 */
async function send(socket: Socket, from: Person, to: Person, letter: Uint8Array): Promise<void> {
  const connection = await greeted(socket);
  const login = await connection.authenticate(from.name, from.password, randomBytes, 'PLAIN');
  check(login.ok && login.value.reply.code === 235, `${from.name} could not authenticate`);
  await expectReply(connection, { send: 'MAIL', sender: from.address, sizeBytes: letter.length }, 250);
  await expectReply(connection, { send: 'RCPT', recipient: to.address }, 250);
  await expectReply(connection, { send: 'DATA' }, 354);
  await expectReply(connection, { send: 'content', chunks: [letter] }, 250);
  const farewell = await connection.quit();
  check(farewell?.code === 221, 'QUIT was not answered');
}

async function greeted(socket: Socket): Promise<SmtpConnection> {
  const connection = new SmtpConnection(socket);
  const { code } = await connection.greeting();
  check(code === 220, `the server greets with ${code}`);
  await expectReply(connection, { send: 'EHLO', name: 'ada.example' }, 250);
  return connection;
}

async function fetchLetter(reader: Http2Reader, person: Person): Promise<Buffer> {
  const authorization = basicCredentials(person.name, person.password.reveal());
  const get = async (path: string, accept: string): Promise<Got> => {
    const got = await reader.get(path, { accept, authorization });
    check(got.status === 200, `GET ${path} was answered with ${got.status}`);
    return got;
  };
  const list = await get(`/letters/${encodeURIComponent(person.name)}`, 'application/json');
  const { letters } = JSON.parse(list.body.toString('utf8')) as { letters: readonly { url: string }[] };
  const [letter, ...others] = letters;
  check(letter !== undefined && others.length === 0, `${person.name} has ${letters.length} letters, not one`);
  const { body } = await get(letter.url, 'message/rfc822');
  await reader.close();
  return body;
}

function portOf(server: Server, name: string): number {
  const door = server.doors.find((found) => found.name === name);
  check(door !== undefined, `the server has no door ${name}`);
  return door.port;
}
