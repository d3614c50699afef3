import { Secret } from '../../sasl/exchange.ts';
import type { Scanner } from '../scanner.ts';

export type LoginCommand = { readonly name: 'LOGIN'; readonly user: string; readonly password: Secret };

// login = "LOGIN" SP userid SP password        ; userid = astring, password = astring
/** RFC 9051 section 6.2.3. */
export function login(scan: Scanner): LoginCommand {
  const user = scan.astring();
  scan.space();
  return { name: 'LOGIN', user, password: new Secret(scan.astring()) };
}

export type AuthenticateCommand = {
  readonly name: 'AUTHENTICATE';
  readonly mechanism: string;
  /** In base64, or `=`; null where there is none. */
  readonly initial: Secret | null;
};

const base64 = /[A-Za-z0-9+/]*={0,2}/y;

// authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp]                   (RFC 9051 section 9)
// initial-resp = (base64 / "=")
/** RFC 9051 section 6.2.2; its initial response is RFC 4959. */
export function authenticate(scan: Scanner): AuthenticateCommand {
  const mechanism = scan.atom();
  const initial = scan.take(' ') ? new Secret(scan.match(base64)?.[0] ?? '') : null;
  return { name: 'AUTHENTICATE', mechanism, initial };
}
