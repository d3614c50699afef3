import { charsetDecoder, decodeUnlabelled } from './charset.ts';
import { commentEnd } from './comments.ts';

/** An attribute of `Content-Type:` or `Content-Disposition:` (RFC 2045 section 5.1), its name in lower case. */
export type Parameter = {
  readonly name: string;
  /** Without quotes; pieces joined and the charset decoded where RFC 2231 wrote it, else as it is written. */
  readonly value: string;
};

const TOKEN = "[!#$%&'*+.^_`{|}~A-Za-z0-9-]+";
// A quoted string that is not closed goes to the end, so that no opening quote is looked at twice.
const QUOTED = '"([^"\\\\]*(?:\\\\[^][^"\\\\]*)*)(?:"|\\\\?$)';
const PARAMETER = new RegExp(`(${TOKEN})\\s*=\\s*(?:${QUOTED}|([^\\s;()"]+))`, 'y');
/** Words behind a value without quotes, that begin no other parameter. */
const MORE_WORDS = /(?:[ \t]+(?![^\s;="]+\s*=)[^\s;()"]+)*/y;

// parameter = attribute "=" value          ; value = token / quoted-string
/**
 * The parameters in an unfolded value from this offset on, at most `most` of them as they are written. Of one given twice
 * the first counts, what is no parameter is passed over. A name in several pieces is one parameter (RFC 2231 section 3).
 * Lenient: missing semicolons, values with characters that a token has not, names of files with spaces (many mail programs).
 */
export const parseParameters = (value: string, start: number, most: number): readonly Parameter[] => {
  const written = new Map<string, string>();
  let at = start;
  while (at < value.length && written.size < most) {
    if (value[at] === '(') at = commentEnd(value, at);
    PARAMETER.lastIndex = at;
    const parameter = PARAMETER.exec(value);
    const [text = '', name = '', quoted, token = ''] = parameter ?? [];
    const key = name.toLowerCase();
    const isFile = quoted === undefined && (key === 'filename' || key === 'name');
    const more = isFile ? wordsAt(value, at + text.length) : '';
    if (parameter !== null && !written.has(key))
      written.set(key, quoted?.replaceAll(/\\([^])/g, '$1') ?? token + more);
    at = parameter === null ? nextParameter(value, at) : at + text.length + more.length;
  }
  return withoutPieces(written);
};

const wordsAt = (value: string, at: number): string => {
  MORE_WORDS.lastIndex = at;
  return MORE_WORDS.exec(value)?.[0] ?? '';
};

const SEPARATORS = /[\s;]+/y;
const JUNK = /[^\s;(]*/y;

/** After the separators at this offset, or after what is no parameter; always further on. */
const nextParameter = (value: string, at: number): number => {
  for (const pattern of [SEPARATORS, JUNK]) {
    pattern.lastIndex = at;
    const length = pattern.exec(value)?.[0].length ?? 0;
    if (length > 0) return at + length;
  }
  return value[at] === '(' ? at : at + 1;
};

/** The forms in which one name may be given (RFC 2231 sections 3 and 4). */
type Forms = {
  /** `name=value`. */
  plain: string | null;
  /** `name*=charset'language'octets`. */
  extended: string | null;
  /** `name*0=value`, `name*1*=octets`, by their numbers. */
  readonly pieces: Map<number, Piece>;
};
type Piece = { readonly value: string; readonly isEncoded: boolean };

// extended-parameter = attribute "*" "=" charset "'" [language] "'" *(ext-octet / attribute-char)
// continuation       = attribute "*" number ["*"] "=" value
const SECTION = /^([^*]+)\*(?:(0|[1-9]\d{0,3})(\*?))?$/;

/** One parameter for each name, at the place of its first form; of several forms the one that says most. */
const withoutPieces = (written: ReadonlyMap<string, string>): readonly Parameter[] => {
  const names = new Map<string, Forms>();
  for (const [key, value] of written) {
    const [, base = key, number, star] = SECTION.exec(key) ?? [];
    const forms = names.get(base) ?? { plain: null, extended: null, pieces: new Map<number, Piece>() };
    names.set(base, forms);
    if (base === key) forms.plain = value;
    else if (number === undefined) forms.extended = value;
    else if (!forms.pieces.has(Number(number)))
      forms.pieces.set(Number(number), { value, isEncoded: star !== '' });
  }
  const parameters: Parameter[] = [];
  for (const [name, forms] of names) {
    const value = textOf(forms);
    if (value !== null) parameters.push({ name, value });
  }
  return parameters;
};

/** Null for pieces without the first. */
const textOf = ({ plain, extended, pieces }: Forms): string | null => {
  if (extended !== null) return extendedText(extended);
  const first = pieces.get(0);
  if (first === undefined) return plain;
  let joined = '';
  let hasOctets = false;
  for (let number = 0; ; number++) {
    const piece = pieces.get(number);
    if (piece === undefined) break;
    hasOctets ||= piece.isEncoded;
    // A percent sign of a piece that is not encoded stands for itself.
    joined += piece.isEncoded ? piece.value : piece.value.replaceAll('%', '%25');
  }
  if (first.isEncoded) return extendedText(joined);
  return hasOctets || joined.includes('%25') ? octetsText(joined, decodeUnlabelled) : joined;
};

/** The text of `charset'language'octets`; as it stands where it is not that, or the charset is not known. */
const extendedText = (value: string): string => {
  const [, charset = '', octets = ''] = /^([^']*)'[^']*'([^]*)$/.exec(value) ?? [];
  const decoder = charset === '' ? null : charsetDecoder(charset);
  return decoder === null ? value : octetsText(octets, decoder.decode);
};

const octetsText = (octets: string, decode: (bytes: Uint8Array) => string): string => {
  const latin1 = Buffer.from(octets)
    .toString('latin1')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decode(Buffer.from(latin1, 'latin1'));
};

/** The value of the parameter with this lower-case name. */
export const parameterValue = (parameters: readonly Parameter[], name: string): string | null =>
  parameters.find((parameter) => parameter.name === name)?.value ?? null;
