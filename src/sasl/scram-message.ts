import { formatBase64, parseBase64 } from '../bytes/base64.ts';
import { ok, refused, type Result } from '../result.ts';

/** The messages of SCRAM (RFC 5802 section 7), each with a parser and a formatter. No state, no keys. */

/** The only channel binding there is over TLS 1.3 (RFC 9266 section 3). */
export const bindingName = 'tls-exporter';

/** The gs2 flag: client without channel binding, with it but the server without, or bound by the named type. */
export type Gs2Flag =
  | { readonly flag: 'n' }
  | { readonly flag: 'y' }
  | { readonly flag: 'p'; readonly bindingName: string };

export type ClientFirst = {
  readonly gs2: Gs2Flag;
  /** The header as sent, its closing comma included: the client repeats it in `c=`. */
  readonly gs2Header: string;
  /** Empty where none was sent. */
  readonly authzid: string;
  readonly user: string;
  readonly nonce: string;
  /** The message without its header, as it goes into AuthMessage. */
  readonly bare: string;
};

export type ServerFirst = { readonly nonce: string; readonly salt: Uint8Array; readonly iterations: number };

export type ClientFinal = {
  readonly channelBinding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** The message up to and without `,p=`, as it goes into AuthMessage. */
  readonly withoutProof: string;
};

/** A sentence about what is wrong with a message. */
export type MessageRefusal = { readonly why: 'malformed'; readonly detail: string };

/** Longest nonce and salt that are looked at; both sides send some 24 octets. */
const maxNonceLength = 512;
const maxSaltBytes = 1024;

// RFC 5802 section 7:
//   client-first-message = gs2-header client-first-message-bare
//   gs2-header           = gs2-cbind-flag "," [ authzid ] ","
//   gs2-cbind-flag       = ("p=" cb-name) / "n" / "y"
//   client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
export const parseClientFirst = (text: string): Result<ClientFirst, MessageRefusal> => {
  const [flagText = '', authzidText, userText, nonceText, ...extensions] = text.split(',');
  const gs2 = parseGs2Flag(flagText);
  if (gs2 === null || authzidText === undefined) return malformed('the gs2 header is not one');
  if (userText?.startsWith('m=') === true) return malformed('no mandatory extension is supported');
  const authzid = authzidText === '' ? '' : parseSaslName(authzidText, 'a=');
  if (authzid === null) return malformed('the authorization identity is not one');
  const user = parseSaslName(userText ?? '', 'n=');
  if (user === null) return malformed('the user name is not one');
  const nonce = parseNonce(nonceText ?? '');
  if (nonce === null) return malformed('the nonce is not one');
  if (!areExtensions(extensions)) return malformed('the extensions are none, or mandatory');
  const gs2Header = `${flagText},${authzidText},`;
  return ok({ gs2, gs2Header, authzid, user, nonce, bare: text.slice(gs2Header.length) });
};

/** client-first-message-bare; `user` is prepared and not escaped. */
export const formatClientFirstBare = (user: string, nonce: string): string =>
  `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;

//   server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]
export const parseServerFirst = (text: string): Result<ServerFirst, MessageRefusal> => {
  const [nonceText = '', saltText = '', countText = '', ...extensions] = text.split(',');
  const nonce = parseNonce(nonceText);
  if (nonce === null) return malformed('the nonce is not one, or an extension is mandatory');
  const salt = saltText.startsWith('s=') ? parseBase64(saltText.slice(2)) : null;
  if (salt === null || salt.length === 0 || salt.length > maxSaltBytes)
    return malformed('the salt is not one');
  if (!/^i=[1-9][0-9]{0,9}$/.test(countText)) return malformed('the iteration count is not one');
  if (!areExtensions(extensions)) return malformed('the extensions are none, or mandatory');
  return ok({ nonce, salt, iterations: Number(countText.slice(2)) });
};

export const formatServerFirst = ({ nonce, salt, iterations }: ServerFirst): string =>
  `r=${nonce},s=${formatBase64(salt)},i=${iterations}`;

//   client-final-message = channel-binding "," nonce ["," extensions] "," proof
export const parseClientFinal = (text: string): Result<ClientFinal, MessageRefusal> => {
  const [bindingText = '', nonceText = '', ...rest] = text.split(',');
  const proofText = rest.pop() ?? '';
  const channelBinding = bindingText.startsWith('c=') ? parseBase64(bindingText.slice(2)) : null;
  if (channelBinding === null) return malformed('the channel binding is not base64');
  const nonce = parseNonce(nonceText);
  if (nonce === null) return malformed('the nonce is not one');
  if (!areExtensions(rest)) return malformed('the extensions are none, or mandatory');
  const proof = proofText.startsWith('p=') ? parseBase64(proofText.slice(2)) : null;
  if (proof === null) return malformed('the proof is not base64');
  return ok({ channelBinding, nonce, proof, withoutProof: text.slice(0, -proofText.length - 1) });
};

/** client-final-message-without-proof. */
export const formatClientFinalWithoutProof = (channelBinding: Uint8Array, nonce: string): string =>
  `c=${formatBase64(channelBinding)},r=${nonce}`;

//   server-final-message = (server-error / verifier) ["," extensions]
/** The server's signature; null where the message carries an error or is none. */
export const parseServerFinal = (text: string): Uint8Array | null => {
  const [verifier = '', ...extensions] = text.split(',');
  if (!verifier.startsWith('v=') || !areExtensions(extensions)) return null;
  return parseBase64(verifier.slice(2));
};

export const formatServerFinal = (signature: Uint8Array): string => `v=${formatBase64(signature)}`;

const parseGs2Flag = (text: string): Gs2Flag | null => {
  if (text === 'n' || text === 'y') return { flag: text };
  // cb-name = 1*(ALPHA / DIGIT / "." / "-")
  return /^p=[A-Za-z0-9.-]+$/.test(text) ? { flag: 'p', bindingName: text.slice(2) } : null;
};

//   saslname = 1*(value-safe-char / "=2C" / "=3D")
const parseSaslName = (text: string, prefix: 'a=' | 'n='): string | null => {
  const escaped = text.slice(prefix.length);
  if (!text.startsWith(prefix) || !/^(?:[^=\0]|=2C|=3D)+$/i.test(escaped)) return null;
  return escaped.replaceAll(/=../g, (escape) => (escape.toUpperCase() === '=2C' ? ',' : '='));
};

//   nonce = "r=" c-nonce [s-nonce], both 1*(%x21-2B / %x2D-7E)
const parseNonce = (text: string): string | null =>
  text.length <= maxNonceLength && /^r=[\x21-\x2b\x2d-\x7e]+$/.test(text) ? text.slice(2) : null;

//   attr-val = ALPHA "=" value, value = 1*(any UTF-8 character but NUL, "=" and ","; here with "=")
// `m` is reserved for mandatory extensions, which fail the authentication wherever they stand (RFC 5802 section 5.1).
const areExtensions = (texts: readonly string[]): boolean =>
  texts.every((text) => /^[A-Za-z]=[^\0]+$/.test(text) && !text.startsWith('m='));

const malformed = (detail: string): Result<never, MessageRefusal> =>
  refused({ why: 'malformed', detail: `SCRAM: ${detail}` });
