import { z } from 'zod';
import { addressLiteralOf } from '../mail/ip-address.ts';
import { networks } from './config-access.ts';

/** A door with its default port, open or not where nothing is said. */
export function door(port: number) {
  return z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether this door opens at all.'),
      address: ipAddress(),
      port: tcpPort(port),
      proxies: ownProxies(),
    })
    .prefault({});
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
