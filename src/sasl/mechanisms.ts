import { DialogueExchange, type Mechanics } from './dialogue.ts';
import type {
  ClientCertificate,
  ExchangeContext,
  Mechanism,
  PasswordMechanism,
  ServerExchange,
} from './exchange.ts';
import { external } from './external.ts';
import { login } from './login.ts';
import { oauthBearer } from './oauthbearer.ts';
import { plain } from './plain.ts';
import { scramSha256, scramSha256Plus } from './scram.ts';
import { xoauth2 } from './xoauth2.ts';

/** Every mechanism, the strongest first: in this order they are announced. */
const everyMechanism = [
  'SCRAM-SHA-256-PLUS',
  'EXTERNAL',
  'SCRAM-SHA-256',
  'OAUTHBEARER',
  'XOAUTH2',
  'PLAIN',
  'LOGIN',
] as const satisfies readonly Mechanism[];

/** The mechanisms of a user name and a password, the strongest first. */
export const mechanismsByStrength: readonly PasswordMechanism[] = everyMechanism.filter(
  (mechanism) => mechanism !== 'EXTERNAL' && mechanism !== 'OAUTHBEARER' && mechanism !== 'XOAUTH2',
);

/** What decides which mechanisms a connection has. */
export type MechanismOffer = {
  /** The `tls-exporter` binding; null where TLS gives none, and then there is no -PLUS. */
  readonly channelBinding: Uint8Array | null;
  /** What the client presented in the handshake. EXTERNAL is there for one that is trusted (RFC 4422 appendix A). */
  readonly certificate: ClientCertificate | null;
  /** Whether the accounts know an issuer of access tokens. */
  readonly takesTokens: boolean;
};

/** The mechanisms of a connection, the strongest first: what is announced, and what AUTH takes. */
export const offeredMechanisms = (offer: MechanismOffer): readonly Mechanism[] =>
  everyMechanism.filter((mechanism) => {
    switch (mechanism) {
      case 'SCRAM-SHA-256-PLUS':
        return offer.channelBinding !== null;
      case 'EXTERNAL':
        return offer.certificate?.trusted === true;
      case 'OAUTHBEARER':
      case 'XOAUTH2':
        return offer.takesTokens;
      default:
        return true;
    }
  });

const mechanics: Readonly<Record<Mechanism, Mechanics>> = {
  'SCRAM-SHA-256-PLUS': scramSha256Plus,
  EXTERNAL: external,
  'SCRAM-SHA-256': scramSha256,
  OAUTHBEARER: oauthBearer,
  XOAUTH2: xoauth2,
  PLAIN: plain,
  LOGIN: login,
};

const byName: ReadonlyMap<string, Mechanism> = new Map(
  everyMechanism.map((name) => [name.toLowerCase(), name]),
);

/** The mechanism that a peer names, in any case (RFC 4954 section 3); null where there is none. */
export const mechanismNamed = (text: string): Mechanism | null =>
  // Lower case, because some letters outside ASCII have an upper case inside it.
  byName.get(text.toLowerCase()) ?? null;

/** Mechanisms of the IANA registry and of mail programs that there is no exchange for here. */
const elsewhere =
  'ANONYMOUS CRAM-MD5 DIGEST-MD5 GS2-KRB5 GSS-SPNEGO GSSAPI KERBEROS_V4 NTLM OAUTH10A OTP SCRAM-SHA-1 ' +
  'SCRAM-SHA-1-PLUS SCRAM-SHA-512 SCRAM-SHA-512-PLUS SKEY SRP';

const registered: ReadonlyMap<string, string> = new Map(
  [...everyMechanism, ...elsewhere.split(' ')].map((name) => [name.toLowerCase(), name]),
);

/**
 * The name of a mechanism as a log may have it: of one that exists, here or elsewhere. Null for anything else, which may
 * be a password in the wrong place.
 */
export const loggableMechanism = (text: string): string | null => registered.get(text.toLowerCase()) ?? null;

/**
 * The server's side of one authentication. Where the context has no channel binding, -PLUS fails at its first message,
 * and EXTERNAL without a trusted certificate; do not announce them there.
 */
export const serverExchange = (mechanism: Mechanism, context: ExchangeContext): ServerExchange =>
  new DialogueExchange(mechanism, mechanics[mechanism], context);
