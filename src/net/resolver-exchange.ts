import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { DecodedPacket } from 'dns-packet';
import { ResolverFault } from './resolver-fault.ts';
import { formatQuery, matchResponse, type Query } from './resolver-message.ts';
import type { NameServer } from './resolver-servers.ts';

/** So many datagrams that answer something else are passed over; then somebody is guessing, and TCP is taken. */
const mostStrangers = 8;

/**
 * Puts one query to one server over UDP (RFC 1035 section 4.2.1), from a port that the system picks at random for it (RFC
 * 5452 section 9.2). null: the answer is to be had over TCP, because it was cut, came in another spelling, or among too
 * many that were made up. Rejects with a `ResolverFault`.
 */
export function askByDatagram(
  query: Query,
  server: NameServer,
  waitMs: number,
): Promise<DecodedPacket | null> {
  return new Promise((resolve, reject) => {
    const socket: DatagramSocket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    let strangers = 0;
    let open = true;
    const end = (settle: () => void): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const fail = (code: 'ETIMEOUT' | 'ECONNREFUSED', cause?: Error): void =>
      end(() => reject(new ResolverFault(code, query.name, cause === undefined ? {} : { cause })));
    const timer = setTimeout(() => fail('ETIMEOUT'), waitMs);
    socket.on('error', (error) => fail('ECONNREFUSED', error));
    socket.on('message', (bytes) => {
      const match = matchResponse(query, bytes);
      if (match.is === 'response') return end(() => resolve(match.packet.flag_tc ? null : match.packet));
      strangers += 1;
      if (match.is === 'respelled' || strangers >= mostStrangers) end(() => resolve(null));
    });
    socket.connect(server.port, server.address, () => {
      socket.send(formatQuery(query), (error) => {
        if (error !== null) fail('ECONNREFUSED', error);
      });
    });
  });
}

/** Puts one query to one server over TCP (RFC 7766 section 8). Rejects with a `ResolverFault`. */
export function askByStream(query: Query, server: NameServer, waitMs: number): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port, noDelay: true });
    const chunks: Buffer[] = [];
    let received = 0;
    let length: number | null = null;
    let open = true;
    const end = (settle: () => void): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (code: 'ETIMEOUT' | 'ECONNREFUSED' | 'EBADRESP', cause?: Error): void =>
      end(() => reject(new ResolverFault(code, query.name, cause === undefined ? {} : { cause })));
    const timer = setTimeout(() => fail('ETIMEOUT'), waitMs);
    socket.on('error', (error) => fail('ECONNREFUSED', error));
    socket.on('close', () => fail('EBADRESP'));
    socket.on('connect', () => {
      const message = formatQuery(query);
      const before = Buffer.alloc(2);
      before.writeUInt16BE(message.length);
      socket.write(Buffer.concat([before, message]));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 2) return;
      length ??= Buffer.concat(chunks).readUInt16BE(0);
      if (received < 2 + length) return;
      const match = matchResponse(query, Buffer.concat(chunks, 2 + length).subarray(2));
      // Nobody off the path can speak on this connection, so a server's own spelling is good enough.
      if (match.is === 'stranger') fail('EBADRESP');
      else end(() => resolve(match.packet));
    });
  });
}
