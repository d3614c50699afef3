import type { Pop3House } from '../net/pop3-conversation.ts';
import { systemClock } from '../net/clock.ts';
import { Patience } from '../net/patience.ts';
import type { SmtpHouse } from '../net/smtp-conversation.ts';
import type { Authenticator } from '../accounts/authenticator.ts';
import { Pop3Policy } from '../policy/pop3.ts';
import { defaultLimits } from '../pop3/limits.ts';
import type { Store } from '../store/port.ts';

/** How people fetch their letters by POP3; plain data. */
export type Pop3Setup = {
  /** How long a client may stay silent. */
  readonly idleMs: number;
};

/** What the conversations of POP3 share: the bounds of `submission`, as far as both have them. */
export function pop3House(
  submission: SmtpHouse,
  { idleMs }: Pop3Setup,
  parts: { readonly store: Store; readonly authenticator: Authenticator; readonly startTls: boolean },
): Pop3House {
  const { journal, settings } = submission;
  const { host, trace, random, takesTokens = false } = settings;
  const { commandLineBytes, authLineBytes, discardedLineBytes, errors, failedLogins, idleCommands } =
    settings.limits;
  const { store, authenticator, startTls } = parts;
  return {
    settings: {
      host,
      limits: {
        ...defaultLimits,
        commandLineBytes,
        authLineBytes,
        discardedLineBytes,
        errors,
        failedLogins,
        idleCommands,
      },
      startTls,
      trace,
      takesTokens,
      random,
    },
    policy: new Pop3Policy({ store, authenticator, now: () => systemClock.now() }),
    journal,
    patience: new Patience(systemClock, idleMs),
  };
}
