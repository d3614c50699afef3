import { randomBytes } from 'node:crypto';
import { systemClock } from '../net/clock.ts';
import { Resolver } from '../net/resolver.ts';
import type { NameServer } from '../net/resolver-servers.ts';
import type { SmtpHouse } from '../net/smtp-conversation.ts';
import type { AuthenticationRules } from '../policy/exchanger-rules.ts';
import { ExchangerPolicy } from '../policy/exchanger.ts';
import type { LocalRecipients } from '../policy/local-recipients.ts';
import { SenderAuthenticator } from '../policy/sender-authentication.ts';
import { defaultExtensions } from '../smtp/extensions.ts';
import type { Store } from '../store/port.ts';

/** How letters from strangers are looked at; plain data. */
export type ExchangerSetup = {
  /** RFC 8601 section 2.5. */
  readonly authservId: string;
  /** How long the authentication of one letter may wait for the DNS, in all. */
  readonly waitMs: number;
  readonly rules: AuthenticationRules;
  readonly nameServers: readonly NameServer[];
};

/**
 * What the conversations with other servers share: as `submission` has it, but that everybody may come, in the clear as
 * well, and nobody logs in. Each thread asks the DNS for itself.
 */
export function exchangerHouse(
  submission: SmtpHouse,
  setup: ExchangerSetup,
  { store, recipients }: { readonly store: Store; readonly recipients: LocalRecipients },
): SmtpHouse {
  const { host } = submission.settings;
  const { nameServers, waitMs, rules, authservId } = setup;
  const { resolve } = new Resolver({
    servers: nameServers,
    clock: systemClock,
    random: (bytes) => randomBytes(bytes),
  });
  const authenticator = new SenderAuthenticator({ resolve, host, waitMs });
  const now = (): number => systemClock.now();
  return {
    ...submission,
    policy: new ExchangerPolicy({ store, recipients, authenticator, rules, host, authservId, now }),
    settings: {
      ...submission.settings,
      door: 'exchanger',
      extensions: defaultExtensions.exchanger,
      enrolment: false,
      // RFC 3207 section 4: a server that anybody may write to cannot ask for TLS.
      protection: 'not-required',
      takesTokens: false,
    },
  };
}
