import { z } from 'zod';
import { parseNetwork } from '../policy/networks.ts';

/** A list of addresses and networks in CIDR form. */
export const networks = () =>
  z.array(
    z.string().refine((text) => parseNetwork(text) !== null, {
      error: 'expected an IP address or a network like 192.0.2.0/24',
    }),
  );

/** `access`: who may connect, and whose word is taken for who connects. */
export function accessKeys() {
  return z
    .strictObject({
      banned: networks()
        .default([])
        .describe(
          'Addresses and networks that are not let in: 421 at doors that begin in the clear, and no word at the others.',
        ),
      proxies: networks()
        .default([])
        .describe(
          'Proxies that begin every connection with a PROXY header (version 1 or 2) and pass TLS on as it is.',
        ),
      proxy_seconds: z.int().min(1).max(60).default(5).describe('How long such a header may take.'),
      xclient: networks()
        .default([])
        .describe('Proxies that may say by XCLIENT for whose address they speak. Nobody logs in by it.'),
    })
    .prefault({})
    .describe('Who may connect, and whose word is taken for who that is.');
}
