import type { Socket } from 'node:net';
import type { Endpoints } from '../mail/transport.ts';
import { ProxyReader } from './proxy-protocol.ts';

/** What a proxy said at the beginning of its connection, or did not. */
export type ProxyOutcome =
  /** Null ends are the proxy's own: it speaks for itself, or does not know whom it speaks for. */
  | { readonly got: 'header'; readonly endpoints: Endpoints | null }
  | { readonly got: 'nothing'; readonly why: string }
  /** The connection ended before a word was said: many look after a server's health in this way. */
  | { readonly got: 'gone' };

/**
 * Reads the PROXY header of a connection, for `waitMs` at the most. Afterwards the socket is paused, and what the client
 * sent behind the header is the next thing to be read from it. Nobody else may read the socket before.
 */
export function readProxyHeader(socket: Socket, waitMs: number): Promise<ProxyOutcome> {
  return new Promise((resolve) => {
    const reader = new ProxyReader();
    let hasSaid = false;
    const settle = (outcome: ProxyOutcome): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).pause();
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      hasSaid = true;
      const read = reader.push(chunk);
      if (read.got === 'more') return;
      if (read.got === 'wrong') return settle({ got: 'nothing', why: read.why });
      settle({ got: 'header', endpoints: read.endpoints });
      if (read.rest.length > 0) socket.unshift(read.rest);
    };
    const onEnd = (): void =>
      settle(
        hasSaid ? { got: 'nothing', why: 'the connection ended inside the PROXY header' } : { got: 'gone' },
      );
    const timer = setTimeout(
      () => settle({ got: 'nothing', why: 'the PROXY header did not come in time' }),
      waitMs,
    );
    socket.on('data', onData).once('end', onEnd).once('close', onEnd);
  });
}
