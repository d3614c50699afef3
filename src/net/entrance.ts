import type { Socket } from 'node:net';
import type { Endpoints } from '../mail/transport.ts';
import type { Unwanted } from '../smtp/session.ts';
import { connectionKey, endpointsOf } from './door.ts';
import type { Gate } from './gate.ts';
import type { Journal } from './journal.ts';
import { readProxyHeader } from './proxy-header.ts';

/** A connection that was let in. */
export type Arrival = {
  readonly socket: Socket;
  /** Its two ends; where a proxy spoke for a client, as the proxy named them. */
  readonly endpoints: Endpoints;
  /** The address of that proxy, for the log; null where the client came by itself. */
  readonly via: string | null;
  /** Counts the connection as that of another client from now on; null where the peer may not speak for one. */
  readonly speakFor: ((address: string) => Unwanted | null) | null;
};

/** Why a connection was not let in. */
export type NotEntered = Unwanted | 'no-proxy-header';

export type EntranceParts = {
  /** The two ends of a socket that came; null where it is gone. */
  readonly endsOf: (socket: Socket) => Endpoints | null;
  /** What the door is called in the log. */
  readonly door: string;
  readonly gate: Gate;
  readonly journal: Journal;
  /** Takes a connection over; where a proxy spoke first, its socket is paused. */
  readonly enter: (arrival: Arrival) => void;
  /** Gets rid of a connection. */
  readonly refuse: (socket: Socket, why: NotEntered) => void;
};

/**
 * The way into a door, from the first octet to the moment when it is known who is there: proxies are heard, the gate is
 * asked, and every connection is remembered until it closes.
 */
export class Entrance {
  readonly #parts: EntranceParts;
  readonly #sockets = new Set<Socket>();
  /** Whom a proxy spoke for, by the numbers of its own connection. */
  readonly #clients = new Map<string, Endpoints>();

  constructor(parts: EntranceParts) {
    this.#parts = parts;
  }

  /** Every connection that is open, whether it was let in yet or not. */
  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  /** A connection as the server got it. */
  take(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const ends = this.#parts.endsOf(socket);
    if (ends === null) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const { gate, door } = this.#parts;
    if (gate.trustOf(door).proxies.has(ends.remoteAddress)) void this.#hear(socket, ends);
    else this.#admit(socket, ends, null);
  }

  /** Who is at the other end of a connection, also where the socket is that of TLS on top of it; null where it is gone. */
  clientOf(socket: Socket): Endpoints | null {
    const ends = endpointsOf(socket);
    return ends === null ? null : (this.#clients.get(connectionKey(ends)) ?? ends);
  }

  /** Hears a proxy. A peer that need not have said whom it speaks for could be anybody behind it. */
  async #hear(socket: Socket, ends: Endpoints): Promise<void> {
    const { gate, door, journal, enter, refuse } = this.#parts;
    const place = gate.admitProxy(ends.remoteAddress, door);
    if (typeof place === 'string') return refuse(socket, place);
    socket.once('close', place.release);
    const heard = await readProxyHeader(socket, gate.trustOf(door).proxyWaitMs);
    if (socket.destroyed) return undefined;
    if (heard.got === 'gone') {
      socket.destroy();
      return undefined;
    }
    if (heard.got === 'nothing') {
      journal.warn('door.no-proxy-header', { door, peer: ends.remoteAddress, why: heard.why });
      return refuse(socket, 'no-proxy-header');
    }
    if (heard.endpoints === null) return enter({ socket, endpoints: ends, via: null, speakFor: null });
    place.release();
    const key = connectionKey(ends);
    this.#clients.set(key, heard.endpoints);
    socket.once('close', () => this.#clients.delete(key));
    return this.#admit(socket, heard.endpoints, ends.remoteAddress);
  }

  #admit(socket: Socket, endpoints: Endpoints, via: string | null): void {
    const { gate, door, enter, refuse } = this.#parts;
    if (!gate.mayUse(endpoints.remoteAddress, door)) return refuse(socket, 'banned');
    let place = gate.admit(endpoints.remoteAddress, door);
    if (typeof place === 'string') return refuse(socket, place);
    let { release } = place;
    socket.once('close', () => release());
    const speakFor = (address: string): Unwanted | null => {
      release();
      place = gate.admit(address, door);
      if (typeof place === 'string') return place;
      ({ release } = place);
      return null;
    };
    const maySpeak = gate.trustOf(door).xclient.has(endpoints.remoteAddress);
    return enter({ socket, endpoints, via, speakFor: maySpeak ? speakFor : null });
  }
}
