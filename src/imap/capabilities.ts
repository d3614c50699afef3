import type { Secured } from '../mail/transport.ts';
import { offeredMechanisms, type MechanismOffer } from '../sasl/mechanisms.ts';
import type { Limits } from './limits.ts';
import type { Settings } from './session.ts';

/** A capability that the server announces, the section that defines it, and when it is announced. */
export type Capability = {
  readonly capability: string;
  readonly definedIn: string;
  /** `logged-in` ones say nothing to somebody who is nobody yet. */
  readonly to: 'everybody' | 'logged-in' | 'newcomers';
  /** The bound that it tells behind `=`. */
  readonly limit?: keyof Limits;
  /** The setting without which it is not there. */
  readonly needs?: 'reusable' | 'compressible';
};

/** Every capability; `docs/STANDARDS.md` has a row for each, which `make check` proves. */
export const imapCapabilities: readonly Capability[] = [
  { capability: 'IMAP4rev2', definedIn: 'RFC 9051 section 6.1.1', to: 'everybody' },
  { capability: 'IMAP4rev1', definedIn: 'RFC 3501 section 6.1.1', to: 'everybody' },
  { capability: 'SASL-IR', definedIn: 'RFC 4959 section 3', to: 'everybody' },
  { capability: 'LITERAL+', definedIn: 'RFC 7888 section 4', to: 'everybody' },
  { capability: 'ID', definedIn: 'RFC 2971 section 3', to: 'everybody' },
  { capability: 'LOGINDISABLED', definedIn: 'RFC 9051 section 6.2.3', to: 'newcomers' },
  { capability: 'ENABLE', definedIn: 'RFC 5161 section 3', to: 'logged-in' },
  { capability: 'UTF8=ACCEPT', definedIn: 'RFC 9755 section 3', to: 'logged-in' },
  { capability: 'NAMESPACE', definedIn: 'RFC 2342 section 5', to: 'logged-in' },
  { capability: 'IDLE', definedIn: 'RFC 2177 section 3', to: 'logged-in' },
  { capability: 'UNSELECT', definedIn: 'RFC 3691 section 2', to: 'logged-in' },
  { capability: 'UIDPLUS', definedIn: 'RFC 4315 section 2', to: 'logged-in' },
  { capability: 'MULTIAPPEND', definedIn: 'RFC 3502 section 6.3.11', to: 'logged-in' },
  { capability: 'BINARY', definedIn: 'RFC 3516 section 4', to: 'logged-in' },
  { capability: 'ESEARCH', definedIn: 'RFC 4731 section 3', to: 'logged-in' },
  { capability: 'SEARCHRES', definedIn: 'RFC 5182 section 2', to: 'logged-in' },
  { capability: 'WITHIN', definedIn: 'RFC 5032 section 2', to: 'logged-in' },
  { capability: 'PARTIAL', definedIn: 'RFC 9394 section 3', to: 'logged-in' },
  { capability: 'SORT', definedIn: 'RFC 5256 section 3', to: 'logged-in' },
  { capability: 'SORT=DISPLAY', definedIn: 'RFC 5957 section 3', to: 'logged-in' },
  { capability: 'ESORT', definedIn: 'RFC 5267 section 3', to: 'logged-in' },
  { capability: 'THREAD=ORDEREDSUBJECT', definedIn: 'RFC 5256 section 3', to: 'logged-in' },
  { capability: 'THREAD=REFERENCES', definedIn: 'RFC 5256 section 3', to: 'logged-in' },
  { capability: 'I18NLEVEL=1', definedIn: 'RFC 5255 section 4', to: 'logged-in' },
  { capability: 'CONDSTORE', definedIn: 'RFC 7162 section 3.1', to: 'logged-in' },
  { capability: 'QRESYNC', definedIn: 'RFC 7162 section 3.2', to: 'logged-in' },
  { capability: 'MOVE', definedIn: 'RFC 6851 section 3', to: 'logged-in' },
  { capability: 'LIST-EXTENDED', definedIn: 'RFC 5258 section 3', to: 'logged-in' },
  { capability: 'LIST-STATUS', definedIn: 'RFC 5819 section 2', to: 'logged-in' },
  { capability: 'CHILDREN', definedIn: 'RFC 3348 section 3', to: 'logged-in' },
  { capability: 'SPECIAL-USE', definedIn: 'RFC 6154 section 2', to: 'logged-in' },
  { capability: 'CREATE-SPECIAL-USE', definedIn: 'RFC 6154 section 3', to: 'logged-in' },
  { capability: 'PREVIEW', definedIn: 'RFC 8970 section 3', to: 'logged-in' },
  { capability: 'SAVEDATE', definedIn: 'RFC 8514 section 4.1', to: 'logged-in' },
  { capability: 'OBJECTID', definedIn: 'RFC 8474 section 3', to: 'logged-in' },
  { capability: 'COMPRESS=DEFLATE', definedIn: 'RFC 4978 section 5', to: 'logged-in', needs: 'compressible' },
  { capability: 'UNAUTHENTICATE', definedIn: 'RFC 8437 section 3', to: 'logged-in', needs: 'reusable' },
  { capability: 'UIDBATCHES', definedIn: 'RFC 10022', to: 'logged-in' },
  { capability: 'INPROGRESS', definedIn: 'RFC 9585', to: 'logged-in' },
  { capability: 'METADATA', definedIn: 'RFC 5464 section 1', to: 'logged-in' },
  { capability: 'LIST-METADATA', definedIn: 'RFC 9590', to: 'logged-in' },
  { capability: 'QUOTA', definedIn: 'RFC 9208 section 3.1', to: 'logged-in' },
  { capability: 'QUOTA=RES-STORAGE', definedIn: 'RFC 9208 section 5.1', to: 'logged-in' },
  { capability: 'QUOTA=RES-MESSAGE', definedIn: 'RFC 9208 section 5.2', to: 'logged-in' },
  { capability: 'QUOTA=RES-MAILBOX', definedIn: 'RFC 9208 section 5.3', to: 'logged-in' },
  {
    capability: 'APPENDLIMIT',
    definedIn: 'RFC 7889 section 2',
    to: 'logged-in',
    limit: 'messageBytes',
  },
  { capability: 'STATUS=SIZE', definedIn: 'RFC 8438 section 2', to: 'logged-in' },
];

/** Who asks, and how the connection is. */
export type Asker = {
  readonly secured: Secured | null;
  readonly isLoggedIn: boolean;
  readonly settings: Pick<Settings, 'takesTokens' | 'reusable' | 'compressible' | 'limits'>;
};

/** `CAPABILITY IMAP4rev1 …`, as CAPABILITY answers and the greeting has it (RFC 9051 section 7.2.2). */
export function formatCapabilities({ isLoggedIn, secured, settings }: Asker): string {
  const words = imapCapabilities.flatMap(({ capability, to, limit, needs }) => {
    if (needs !== undefined && !settings[needs]) return [];
    const word = limit === undefined ? capability : `${capability}=${settings.limits[limit]}`;
    if (to === 'newcomers') return isLoggedIn || secured !== null ? [] : [word];
    return to === 'logged-in' && !isLoggedIn ? [] : [word];
  });
  // Before the connection is protected there are none (RFC 9051 section 11.1).
  const offered = isLoggedIn || secured === null ? [] : offeredMechanisms(mechanismOffer(secured, settings));
  const auth = offered.map((mechanism) => `AUTH=${mechanism}`);
  return ['CAPABILITY', ...words, ...auth].join(' ');
}

/** What decides which mechanisms a protected connection has. */
export const mechanismOffer = (
  { channelBinding, tls }: Secured,
  { takesTokens }: Pick<Settings, 'takesTokens'>,
): MechanismOffer => ({ channelBinding, certificate: tls.peerCertificate, takesTokens });
