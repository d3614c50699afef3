import { z } from 'zod';

/** `imap`: how people's programs get their letters. */
export function imapKeys() {
  return z
    .strictObject({
      idle_seconds: z
        .int()
        .min(1800)
        .max(86_400)
        .default(1860)
        .describe(
          'How long somebody who is logged in may say nothing (RFC 9051 section 5.4 asks for 1,800 at least).',
        ),
      compress: z
        .boolean()
        .default(true)
        .describe(
          'Whether a client may have its connection compressed (RFC 4978). The lengths of what is sent then tell more of it.',
        ),
      unauthenticate: z
        .boolean()
        .default(true)
        .describe(
          'Whether a connection may serve one account after the other (RFC 8437). Turn it off where a proxy judges logins.',
        ),
    })
    .prefault({})
    .describe('Letters over IMAP.');
}
