import { once } from 'node:events';
import { BlockList, connect, createServer, isIP, type Socket } from 'node:net';
import { endpointsOf, listenAt, type Door } from './door.ts';
import { SmtpConversation, type SmtpHouse } from './smtp-conversation.ts';

/*
 * A door without any protection: SMTP over plain TCP, where AUTH and mail are taken in the clear. It exists so that an
 * eavesdropper's view of a protected connection has something to be compared with, and for nothing else. No server
 * start-up can open it: there is no configuration for it, only the proof and tests may import this file
 * (scripts/check-layers.ts), and it stands on loopback or not at all.
 */

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The address is none that only this machine can reach. */
export class NotLoopback extends Error {
  override readonly name = 'NotLoopback';
}

/** Connects to such a door without any protection. Rejects as `openExposedDoor` does, and with Node's error. */
export async function connectExposed(address: string, port: number): Promise<Socket> {
  mustBeLoopback(address);
  const socket = connect({ host: address, port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function mustBeLoopback(address: string): void {
  const family = isIP(address);
  if (family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4')) return;
  throw new NotLoopback(`a connection without protection stays on loopback, and ${address} is elsewhere`);
}

/**
 * Opens the plain door on a free port of a loopback address. Whatever `house.settings` says, TLS is neither required nor
 * offered. Rejects with `NotLoopback` for every other address, and for a name, which may mean anything tomorrow.
 */
export async function openExposedDoor(address: string, house: SmtpHouse): Promise<Door> {
  mustBeLoopback(address);
  const exposed: SmtpHouse = {
    ...house,
    settings: { ...house.settings, protection: 'not-required', startTls: false },
  };
  const conversations = new Set<SmtpConversation>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
    const endpoints = endpointsOf(socket);
    if (endpoints === null) {
      socket.destroy();
      return;
    }
    const conversation = new SmtpConversation({
      house: exposed,
      socket,
      endpoints,
      via: null,
      speakFor: null,
      upgrade: null,
      done: () => conversations.delete(conversation),
    });
    conversations.add(conversation);
    conversation.start(null);
  });
  const { port } = await listenAt(server, { address, port: 0, shared: false });
  server.on('error', (error) => house.journal.error('door.error', { door: 'exposed', error }));
  return {
    name: 'exposed',
    address,
    port,
    close: async (graceMs) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const conversation of conversations) conversation.stop();
      const timer = setTimeout(() => {
        for (const conversation of conversations) conversation.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}
