import { z } from 'zod';
import { addressLiteralOf } from '../mail/ip-address.ts';
import { longestUnixPath } from '../net/unix-place.ts';
import { networks } from './config-access.ts';

/** A door with its default port, open or not where nothing is said. */
export function door(port: number, opens: 'open' | 'closed' = 'open') {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(opens === 'open')
        .describe('Whether this door opens at all.'),
      address: ipAddress(),
      port: tcpPort(port),
      proxies: ownProxies(),
    })
    .prefault({});
}

/** The door of LMTP: closed where nothing is said, and a Unix socket where one is named. */
export function lmtpDoor(port: number) {
  return z
    .strictObject({
      enabled: z.boolean().default(false).describe('Whether this door opens at all.'),
      address: ipAddress(),
      port: tcpPort(port),
      socket: z
        .string()
        .refine((path) => path !== '' && !path.includes('\0') && Buffer.byteLength(path) <= longestUnixPath, {
          error: `expected a path of at most ${longestUnixPath} octets`,
        })
        .nullable()
        .default(null)
        .describe('A Unix socket to listen at instead: its path.'),
      socket_mode: z
        .string()
        .regex(/^0[0-7]{3}$/, { error: 'expected permissions like "0660"' })
        .default('0660')
        .describe('The permissions of that socket: who may write to it may hand letters over.'),
      proxies: ownProxies(),
    })
    .prefault({});
}

/** `pop3`: how people fetch their letters by POP3. */
export function pop3Keys() {
  return z
    .strictObject({
      idle_seconds: z
        .int()
        .min(600)
        .max(86_400)
        .default(600)
        .describe('How long a client may stay silent (RFC 1939 section 3 asks for 600).'),
    })
    .prefault({})
    .describe('Letters over POP3.');
}

/** `lmtp`: whose letters the door of LMTP takes, and how. */
export function lmtpKeys() {
  return z
    .strictObject({
      clients: networks().default(['127.0.0.0/8', '::1']).describe('Who may hand letters over by TCP.'),
      tls: z
        .enum(['offered', 'required'])
        .default('offered')
        .describe(
          'Whether letters are taken before STARTTLS; an address that others can reach needs "required".',
        ),
      trusted_results: z
        .boolean()
        .default(false)
        .describe(
          "Whether Authentication-Results under this server's name are those of the servers in front, which remove forged ones.",
        ),
    })
    .prefault({})
    .describe('Letters from mail servers of this house. Nobody looks into who sent them: those servers did.');
}

const ipAddress = () =>
  z
    .string()
    .refine((address) => addressLiteralOf(address) !== null, { error: 'expected an IP address' })
    .default('127.0.0.1')
    .describe('The IP address to listen at; "::" is every one.');

const tcpPort = (port: number) =>
  z.int().min(0).max(65_535).default(port).describe('The TCP port; 0 takes any free one.');

const ownProxies = () =>
  z
    .union([z.literal('access'), networks()], {
      error: 'expected "access", or addresses and networks like 192.0.2.0/24',
    })
    .default('access')
    .describe('The proxies of this door; "access" is those of access.proxies.');
