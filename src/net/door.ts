import { createServer, isIP, type AddressInfo, type Server, type Socket } from 'node:net';
import { unixAddress, type Endpoints } from '../mail/transport.ts';
import { connectionLimits } from './connection-limits.ts';

/** A door that stands open. */
export interface Door {
  /** What it is called in configuration and log: `submissions`, `https`, … */
  readonly name: string;
  /** An IP address, or the path of a Unix socket, whose port is 0. */
  readonly address: string;
  readonly port: number;
  /** No new connections; those there are end what they are at, for `graceMs` at the most. Resolves when all are gone. */
  close(graceMs: number): Promise<void>;
}

/** Where a door stands. Port 0 takes a free one. */
export type Place = {
  readonly address: string;
  readonly port: number;
  /** Whether other threads listen on the same port (`SO_REUSEPORT`); the kernel spreads the connections. */
  readonly shared: boolean;
};

/** Starts to listen. Rejects with Node's error (`EADDRINUSE`, `EACCES`, …) where that is not possible. */
export function listenAt(server: Server, place: Place): Promise<AddressInfo> {
  const { backlog } = connectionLimits;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: place.address, port: place.port, backlog, reusePort: place.shared }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Both ends of a Unix socket, which have no addresses. */
export const unixEnds: Endpoints = {
  remoteAddress: unixAddress,
  remotePort: 0,
  localAddress: unixAddress,
  localPort: 0,
};

/** The two ends of a TCP socket; null where it is gone already. */
export function endpointsOf(socket: Socket): Endpoints | null {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return null;
  if (localAddress === undefined || localPort === undefined) return null;
  return {
    remoteAddress: unmapped(remoteAddress),
    remotePort,
    localAddress: unmapped(localAddress),
    localPort,
  };
}

/** An IPv4 peer of an IPv6 socket is shown as what it is (RFC 4291 section 2.5.5.2). */
const unmapped = (address: string): string =>
  /^::ffff:[0-9.]+$/i.test(address) ? address.slice(7) : address;

/**
 * A place that threads may share, its port chosen and found to be free: threads that share a port would share it with
 * another server's threads as well, without a word. Rejects with Node's error where it is taken.
 */
export async function sharedPlace({ address, port }: Place): Promise<Place> {
  const probe = createServer();
  const found = await listenAt(probe, { address, port, shared: false });
  await new Promise<void>((resolve) => {
    probe.close(() => resolve());
  });
  return { address, port: found.port, shared: true };
}

/** `127.0.0.1:4650`, `[::1]:4650`, `/run/letterlock/lmtp`. */
export function formatPlace({ address, port }: Pick<Door, 'address' | 'port'>): string {
  if (isIP(address) === 0) return address;
  return `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
}

/** All four numbers of a TCP connection, which together name one that is open; the peer's two alone do not. */
export const connectionKey = (ends: Endpoints): string =>
  `${ends.localAddress} ${ends.localPort} ${ends.remoteAddress} ${ends.remotePort}`;
