import { formatBase64, parseBase64 } from '../bytes/base64.ts';
import type { SaslFailure, SaslQuestion, SaslStep, SaslVerdict, ServerExchange } from './exchange.ts';
import {
  loggableMechanism,
  mechanismNamed,
  offeredMechanisms,
  serverExchange,
  type MechanismOffer,
} from './mechanisms.ts';
import type { Login, LoginResult } from './login-result.ts';

/**
 * An authentication whose messages are lines of base64, as the protocols of lines have it alike (RFC 4954 section 4,
 * RFC 5034 section 4, RFC 9051 section 6.2.2). What they put before a challenge, and how they say no, is theirs.
 */
export type LineStep =
  /** Send this, in base64, and wait for the client's line. */
  | { readonly step: 'challenge'; readonly challenge: string }
  | { readonly step: 'ask'; readonly question: SaslQuestion }
  | { readonly step: 'done'; readonly login: Login }
  | { readonly step: 'failed'; readonly why: LineFailure; readonly login: LoginResult };

/** Why an authentication failed: for a reason of its mechanism, or because of how it was put on lines. */
export type LineFailure =
  | SaslFailure
  /** The client gave up: its line is `*`. */
  | { readonly why: 'cancelled' }
  | { readonly why: 'not-base64' }
  /** The connection has no mechanism of that name. */
  | { readonly why: 'no-such-mechanism' };

/** What a connection has to log in by, and so many random bytes for the nonces of SCRAM. */
export type LineOffer = MechanismOffer & { readonly random: (bytes: number) => Uint8Array };

const nonceBytes = 18;

/**
 * Begins the mechanism that the client names. `initial` is its initial response in base64, `=` for an empty one, and null
 * where it sent none. There is no exchange where it ended at once.
 */
export function beginExchange(
  mechanism: string,
  initial: string | null,
  offer: LineOffer,
): { readonly exchange: ServerExchange | null; readonly step: LineStep } {
  const announced = offeredMechanisms(offer);
  const known = mechanismNamed(mechanism);
  if (known === null || !announced.includes(known)) {
    const why = 'no-such-mechanism';
    const login = {
      outcome: why,
      account: null,
      mechanism: loggableMechanism(mechanism),
      channelBinding: null,
    } as const;
    return { exchange: null, step: { step: 'failed', why: { why }, login } };
  }
  const exchange = serverExchange(known, {
    channelBinding: offer.channelBinding,
    certificate: offer.certificate,
    nonce: offer.random(nonceBytes),
    plusAnnounced: announced.some((name) => name.endsWith('-PLUS')),
  });
  if (initial === null) return { exchange, step: lineStep(exchange.start(null), exchange) };
  const response = initial === '=' ? new Uint8Array() : parseBase64(initial);
  if (response === null) return { exchange: null, step: notBase64(exchange) };
  return { exchange, step: lineStep(exchange.start(response), exchange) };
}

/** The client's line after a challenge, without its CRLF; null where it is no text at all. */
export function respondLine(exchange: ServerExchange, line: string | null): LineStep {
  if (line === '*')
    return { step: 'failed', why: { why: 'cancelled' }, login: endedLogin(exchange, 'cancelled') };
  const response = line === null ? null : parseBase64(line);
  return response === null ? notBase64(exchange) : lineStep(exchange.respond(response), exchange);
}

/** The answer to the last question. */
export const decideLine = (exchange: ServerExchange, verdict: SaslVerdict): LineStep =>
  lineStep(exchange.decide(verdict), exchange);

/** What a log may have of an exchange that ends without a login. */
export const endedLogin = (
  { mechanism, user }: ServerExchange,
  outcome: LoginResult['outcome'],
): LoginResult => ({
  outcome,
  account: user,
  mechanism,
  channelBinding: null,
});

const notBase64 = (exchange: ServerExchange): LineStep => ({
  step: 'failed',
  why: { why: 'not-base64' },
  login: endedLogin(exchange, 'malformed'),
});

function lineStep(step: SaslStep, exchange: ServerExchange): LineStep {
  switch (step.step) {
    case 'challenge':
      return { step: 'challenge', challenge: formatBase64(step.challenge) };
    case 'ask':
      return step;
    case 'done': {
      const { account, channelBinding } = step;
      const { mechanism } = exchange;
      return { step: 'done', login: { account, mechanism, channelBinding } };
    }
    case 'failed':
      return { step: 'failed', why: step.why, login: endedLogin(exchange, step.why.why) };
  }
}
