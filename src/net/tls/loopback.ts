import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo, Server as PlainServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';
import type { ConnectionOptions, Server, TLSSocket } from 'node:tls';
import { ensureDevelopmentCertificates, explainAuthorityRefusal } from './authority.ts';
import type { DevelopmentCertificates } from './authority.ts';
import { CertificateSource } from './contexts.ts';
import type { ServerPolicy } from './contexts.ts';

/** Certificates in a fresh folder, for tests; the folder goes when the test ends. */
export async function testCertificates(
  t: TestContext,
): Promise<DevelopmentCertificates & { folder: string; ca: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'letterlock-tls-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const made = await ensureDevelopmentCertificates(folder, { host: 'localhost' });
  if (!made.ok) throw new Error(explainAuthorityRefusal(made.refusal));
  return { ...made.value, folder, ca: await readFile(made.value.authority, 'utf8') };
}

/** TLS 1.3, no client certificates, tickets under a key of its own; what a test needs otherwise goes on top. */
export function testPolicy(changes: Partial<ServerPolicy> = {}): ServerPolicy {
  return {
    minVersion: 'TLSv1.3',
    clientCertificates: 'off',
    clientAuthority: null,
    applicationProtocols: null,
    tickets: randomBytes(48),
    ...changes,
  };
}

/** A source that must open. */
export async function testSource(
  certificates: DevelopmentCertificates,
  changes: Partial<ServerPolicy> = {},
): Promise<CertificateSource> {
  const source = await CertificateSource.open(certificates.server, testPolicy(changes));
  if (!source.ok) throw new Error(source.refusal.why);
  return source.value;
}

/** Listens on a free loopback port; gives the port. Server and connections go when the test ends. */
export async function listening(t: TestContext, server: PlainServer): Promise<number> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** A TLS server of this source on a free loopback port. */
export async function testServer(
  t: TestContext,
  source: CertificateSource,
): Promise<{ server: Server; port: number }> {
  const server = createServer(source.options);
  source.attach(server);
  return { server, port: await listening(t, server) };
}

/** Both ends of one connection to a server, secured. */
export async function bothEnds(
  t: TestContext,
  at: { server: Server; port: number },
  options: ConnectionOptions,
): Promise<{ server: TLSSocket; client: TLSSocket; session: Promise<Buffer> }> {
  const accepted = once(at.server, 'secureConnection');
  const client = connect({ host: '127.0.0.1', port: at.port, servername: 'localhost', ...options });
  t.after(() => client.destroy());
  const session = new Promise<Buffer>((resolve) => client.once('session', resolve));
  client.resume();
  await once(client, 'secureConnect');
  const [server]: TLSSocket[] = await accepted;
  if (server === undefined) throw new Error('no connection');
  server.on('error', () => undefined).resume();
  return { server, client, session };
}
