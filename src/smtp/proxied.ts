import { parseXtext } from '../bytes/xtext.ts';
import { addressInLiteral } from '../mail/ip-address.ts';
import type { Endpoints } from '../mail/transport.ts';
import { say, type Reply } from './reply.ts';

/** The ends of the connection that a proxy speaks for, as far as it names them. */
export type Proxied = Partial<Endpoints>;

/**
 * The attributes of XCLIENT that are announced: what the socket would know, had the client come by itself. Nobody is
 * believed about who logged in (LOGIN), and EHLO comes from the client itself (HELO, PROTO).
 */
export const proxyAttributes = ['NAME', 'ADDR', 'PORT', 'DESTADDR', 'DESTPORT'] as const;

/** What a proxy says where it does not know. */
const unknown = /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i;

/** xclient-command = XCLIENT 1*( SP attribute-name "=" attribute-value ), values in xtext; as Postfix defined it. */
export function parseProxied(text: string): Proxied | Reply {
  const given = new Map<string, string>();
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const match = /^([A-Za-z]+)=(.+)$/s.exec(word);
    const name = match?.[1]?.toUpperCase() ?? '';
    const value = parseXtext(match?.[2] ?? '+');
    if (!proxyAttributes.some((known) => known === name) || value === null || given.has(name))
      return say.wrongProxied;
    given.set(name, value);
  }
  const remoteAddress = addressOf(given.get('ADDR'));
  const localAddress = addressOf(given.get('DESTADDR'));
  const remotePort = portOf(given.get('PORT'));
  const localPort = portOf(given.get('DESTPORT'));
  const isWrong = [remoteAddress, localAddress, remotePort, localPort].includes(null);
  if (given.size === 0 || isWrong) return say.wrongProxied;
  return {
    ...(typeof remoteAddress === 'string' ? { remoteAddress } : {}),
    ...(typeof remotePort === 'number' ? { remotePort } : {}),
    ...(typeof localAddress === 'string' ? { localAddress } : {}),
    ...(typeof localPort === 'number' ? { localPort } : {}),
  };
}

/** An address as sockets print it; undefined where none is given, null where it is none. */
function addressOf(value: string | undefined): string | null | undefined {
  if (value === undefined || unknown.test(value)) return undefined;
  return addressInLiteral(`[${value}]`);
}

function portOf(value: string | undefined): number | null | undefined {
  if (value === undefined || unknown.test(value)) return undefined;
  return /^[0-9]{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : null;
}
