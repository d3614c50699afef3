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
    })
    .prefault({})
    .describe('Letters over IMAP.');
}
