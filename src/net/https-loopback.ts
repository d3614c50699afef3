import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  connect,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import type { TestContext } from 'node:test';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Authenticator } from '../accounts/authenticator.ts';
import { makeVerifiers } from '../accounts/verifiers.ts';
import type { OmittedRange } from '../mail/omitted-ranges.ts';
import { summarize } from '../mail/summary.ts';
import { Admission, defaultAdmissionLimits, type AdmissionLimits } from '../policy/admission.ts';
import { LettersPolicy } from '../policy/letters.ts';
import { accountNamed } from '../policy/submission.ts';
import { Secret } from '../sasl/exchange.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import type { Account, AccountName, BlobHash, Placement, Store } from '../store/port.ts';
import { systemClock } from './clock.ts';
import type { Door } from './door.ts';
import { Gate, type Trust } from './gate.ts';
import type { HttpRoutes } from './http-context.ts';
import type { HttpLimits } from './http-limits.ts';
import { httpProtocols, openHttpsDoor } from './https-door.ts';
import type { Fields, Journal } from './journal.ts';
import { lettersRoutes } from './letters-routes.ts';
import { Room } from './room.ts';
import { makeClientCertificate } from './tls/authority.ts';
import { testCertificates, testSource } from './tls/loopback.ts';

export type Line = { readonly level: string; readonly event: string; readonly fields: Fields };

/** A journal that keeps its lines, and tells when one of an event comes. */
export function testJournal(): Journal & {
  readonly lines: readonly Line[];
  of(event: string): readonly Line[];
  next(event: string): Promise<Fields>;
} {
  const lines: Line[] = [];
  const waiting: { readonly event: string; readonly settle: (fields: Fields) => void }[] = [];
  const write =
    (level: string) =>
    (event: string, fields: Fields): void => {
      lines.push({ level, event, fields });
      const due = waiting.filter((one) => one.event === event);
      for (const one of due) {
        waiting.splice(waiting.indexOf(one), 1);
        one.settle(fields);
      }
    };
  return {
    lines,
    of: (event) => lines.filter((line) => line.event === event),
    next: (event) => new Promise((settle) => waiting.push({ event, settle })),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

const verifiers = makeVerifiers(new Secret('pencil ☂'), randomBytes);

/** `nu1@447.edu` and `nu2@447.edu`, both with the password `pencil ☂`, and a door to their letters. */
export async function lettersDoor(
  t: TestContext,
  options: {
    readonly limits?: Partial<HttpLimits>;
    readonly routes?: readonly HttpRoutes[];
    readonly roomBytes?: number;
    readonly admission?: AdmissionLimits;
    readonly store?: Store;
    readonly trust?: ReadonlyMap<string, Trust>;
  } = {},
) {
  const certificates = await testCertificates(t);
  const source = await testSource(certificates, {
    clientCertificates: 'ask',
    clientAuthority: certificates.authority,
    applicationProtocols: httpProtocols,
  });
  const store = options.store ?? openMemoryStore();
  const journal = testJournal();
  const domains = ['447.edu'];
  const authenticator = new Authenticator({
    store,
    now: () => systemClock.now(),
    random: randomBytes,
    secret: Buffer.alloc(32, 7),
    canonical: (user) => accountNamed(user, domains),
  });
  const policy = new LettersPolicy({ store, authenticator, domains });
  const room = new Room(options.roomBytes ?? 64_000_000);
  const door: Door = await openHttpsDoor({
    name: 'https',
    place: { address: '127.0.0.1', port: 0, shared: false },
    certificates: source,
    gate: testGate(journal, options.admission, options.trust),
    routes: [lettersRoutes({ policy, store, room, journal }), ...(options.routes ?? [])],
    journal,
    clock: systemClock,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  t.after(() => door.close(0));
  const [nu1, nu2] = [await account(store, 'nu1@447.edu'), await account(store, 'nu2@447.edu')];
  const tls: ConnectionOptions = { ca: certificates.ca, host: '127.0.0.1', servername: 'localhost' };
  return { certificates, door, journal, nu1, nu2, policy, room, source, store, tls };
}

/** Lets in whom the limits let in. */
export const testGate = (
  journal: Journal,
  limits: AdmissionLimits = defaultAdmissionLimits,
  trust: ReadonlyMap<string, Trust> = new Map(),
): Gate => new Gate(new Admission(limits), systemClock, journal, trust);

export type LettersDoor = Awaited<ReturnType<typeof lettersDoor>>;

async function account(store: Store, name: string): Promise<Account> {
  const made = await store.createAccount({
    name: name as AccountName,
    verifiers: await verifiers,
    createdAt: 1_593_478_800_000,
  });
  if (!made.ok) throw new Error(made.refusal);
  return made.value;
}

/** Puts a letter from nu1 before everybody named; arrived on 2020-06-30 at 01:03:35 UTC. */
export async function deliver(
  store: Store,
  to: readonly Account[],
  letter: string | Buffer,
  changes: {
    readonly reversePath?: string;
    readonly prefix?: string;
    readonly omitted?: readonly OmittedRange[];
  } = {},
): Promise<readonly Placement[]> {
  const bytes = Buffer.from(letter);
  const hash = createHash('sha256').update(bytes).digest('hex') as BlobHash;
  const receivedAt = Date.UTC(2020, 5, 30, 1, 3, 35);
  const placed = await store.deliver({
    hash,
    sizeBytes: bytes.length,
    chunks: [new Uint8Array(bytes)],
    summary: summarize(bytes),
    transport: {
      version: 1,
      receivedAt: new Date(receivedAt).toISOString(),
      by: 'mail.447.edu',
      protocol: 'ESMTPSA',
      client: { name: 'laptop', address: '192.0.2.1', port: 40_000 },
      tls: null,
      authentication: null,
      reversePath: changes.reversePath ?? 'nu1@447.edu',
      sha256: hash,
      sizeBytes: bytes.length,
    },
    receivedAt,
    omitted: changes.omitted ?? [],
    recipients: to.map(({ id, name }) => ({
      account: id,
      forwardPath: name,
      prefix: Buffer.from(changes.prefix ?? 'Received: by mail.447.edu\r\n'),
    })),
  });
  if (!placed.ok) throw new Error(placed.refusal);
  return placed.value;
}

/** The value of an `Authorization` field. */
export const basic = (user: string, password = 'pencil ☂'): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
};

/** An HTTP/2 session with the door; gone when the test ends. */
export function session(
  t: TestContext,
  { door, tls }: Pick<LettersDoor, 'door' | 'tls'>,
  options: ConnectionOptions = {},
): ClientHttp2Session {
  const client = connect(`https://localhost:${door.port}`, { ...tls, ...options });
  client.on('error', () => undefined);
  t.after(() => client.destroy());
  return client;
}

/** One request over HTTP/2. `path` goes out as it stands. */
export function ask(
  client: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
  body?: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ':path': path, ...headers }, { endStream: body === undefined });
    const chunks: Buffer[] = [];
    let answer: (IncomingHttpHeaders & IncomingHttpStatusHeader) | null = null;
    stream.on('response', (got) => (answer = got));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      if (answer === null) return reject(new Error('no response'));
      const whole = Buffer.concat(chunks);
      const status = answer[':status'] ?? 0;
      return resolve({ status, headers: answer, body: whole, text: whole.toString() });
    });
    if (body !== undefined) stream.end(body);
  });
}

/** A TLS connection to the door, without HTTP. */
export function raw(
  t: TestContext,
  { door, tls }: Pick<LettersDoor, 'door' | 'tls'>,
  options: ConnectionOptions = {},
): TLSSocket {
  const socket = tlsConnect({ ...tls, port: door.port, ...options });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

/** Everything that comes on a connection until it closes. */
export function rest(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => socket.once('close', () => resolve(text)));
}

/** A client certificate for an address, from the authority that the door trusts. */
export async function clientCertificate(
  { certificates }: Pick<LettersDoor, 'certificates'>,
  address: string,
): Promise<{ readonly cert: string; readonly key: string }> {
  const made = await makeClientCertificate(certificates.folder, address);
  if (!made.ok) throw new Error(made.refusal.why);
  return {
    cert: await readFile(made.value.certificate, 'utf8'),
    key: await readFile(made.value.key, 'utf8'),
  };
}
