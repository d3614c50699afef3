import type { SmtpHouse } from '../net/smtp-conversation.ts';
import { systemClock } from '../net/clock.ts';
import { LmtpPolicy } from '../policy/lmtp.ts';
import type { LocalRecipients } from '../policy/local-recipients.ts';
import { defaultExtensions } from '../smtp/extensions.ts';
import type { Settings } from '../smtp/session.ts';
import type { Store } from '../store/port.ts';

/** How letters from this house's other mail servers are taken; plain data. */
export type LmtpSetup = {
  /** Who may come by TCP, as addresses and networks. */
  readonly clients: readonly string[];
  /** Whether nothing is taken before TLS. */
  readonly protection: Settings['protection'];
  /** The name of reports that only this server may write; null where those servers write them as well. */
  readonly ownReports: string | null;
};

/**
 * What the conversations of LMTP share: as `submission` has it, but that nobody logs in. A Unix socket has no TLS, as
 * nobody is in between.
 */
export function lmtpHouse(
  submission: SmtpHouse,
  { protection, ownReports }: LmtpSetup,
  parts: { readonly store: Store; readonly recipients: LocalRecipients; readonly startTls: boolean },
): SmtpHouse {
  const { host } = submission.settings;
  const { store, recipients, startTls } = parts;
  const now = (): number => systemClock.now();
  return {
    ...submission,
    policy: new LmtpPolicy({ store, recipients, host, ownReports, now }),
    settings: {
      ...submission.settings,
      door: 'lmtp',
      extensions: defaultExtensions.lmtp,
      startTls,
      enrolment: false,
      protection,
      // That somebody is not there is everyday news to a server in front; commands without a letter stay bounded.
      limits: { ...submission.settings.limits, errors: Number.MAX_SAFE_INTEGER },
      takesTokens: false,
    },
  };
}
