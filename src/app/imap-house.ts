import { defaultLimits } from '../imap/limits.ts';
import { systemClock } from '../net/clock.ts';
import type { ImapHouse } from '../net/imap-conversation.ts';
import { Patience } from '../net/patience.ts';
import type { Room } from '../net/room.ts';
import { SlowAnswers } from '../net/slow-answers.ts';
import type { SmtpHouse } from '../net/smtp-conversation.ts';
import type { Authenticator } from '../accounts/authenticator.ts';
import { ImapPolicy } from '../policy/imap/policy.ts';
import type { Store } from '../store/port.ts';

/** How letters are handed out over IMAP; plain data. */
export type ImapSetup = {
  /** How long somebody who is logged in may say nothing. */
  readonly idleMs: number;
  /** Whether a connection may serve one account after the other. */
  readonly reusable: boolean;
  /** Whether a connection may be compressed. */
  readonly compressible: boolean;
};

/** How often somebody hears that a command is still under way; RFC 9585 has seconds in mind. */
const stillAtItMs = 10_000;

/** What the conversations of IMAP share; settings that mean the same as for submission are those of submission. */
export function imapHouse(
  { settings, journal, patience }: SmtpHouse,
  { idleMs, reusable, compressible }: ImapSetup,
  parts: { readonly store: Store; readonly authenticator: Authenticator; readonly room: Room },
): ImapHouse {
  const { store, authenticator, room } = parts;
  const { host, trace, random, takesTokens = false, limits } = settings;
  const { messageBytes, errors, failedLogins } = limits;
  return {
    settings: {
      host,
      trace,
      random,
      takesTokens,
      reusable,
      compressible,
      limits: { ...defaultLimits, messageBytes, errors, failedLogins },
    },
    policy: new ImapPolicy({ store, authenticator, now: () => systemClock.now() }),
    journal,
    patience: { newcomers: patience, loggedIn: new Patience(systemClock, idleMs) },
    room,
    slowAnswers: new SlowAnswers(stillAtItMs),
  };
}
