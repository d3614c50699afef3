import { commentEnd } from './comments.ts';

/** The value of `Content-Type:` (RFC 2045 section 5.1): type and subtype in lower case, parameters by lower-case name. */
export type ContentType = {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
};

const TOKEN = "[!#$%&'*+.^_`{|}~A-Za-z0-9-]+";
const MEDIA_TYPE = new RegExp(`^\\s*(${TOKEN})\\s*/\\s*(${TOKEN})`);
const PARAMETER = new RegExp(`(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\[^])*)"|([^\\s;()"]+))`, 'y');
const MOST_PARAMETERS = 50;

// content   = "Content-Type" ":" type "/" subtype *(";" parameter)
// parameter = attribute "=" value          ; value = token / quoted-string
/**
 * Reads a media type from an unfolded value; null where it is none. Of a parameter given twice the first counts, what is
 * no parameter is passed over. Not yet: RFC 2231 section 3 (values in several pieces).
 */
export const parseContentType = (value: string): ContentType | null => {
  const match = MEDIA_TYPE.exec(value);
  if (match === null) return null;
  const [whole, type = '', subtype = ''] = match;
  const parameters = new Map<string, string>();
  let at = whole.length;
  while (at < value.length && parameters.size < MOST_PARAMETERS) {
    if (value[at] === '(') at = commentEnd(value, at);
    PARAMETER.lastIndex = at;
    const parameter = PARAMETER.exec(value);
    const [text = '', name = '', quoted, token = ''] = parameter ?? [];
    const key = name.toLowerCase();
    if (parameter !== null && !parameters.has(key))
      parameters.set(key, quoted?.replaceAll(/\\([^])/g, '$1') ?? token);
    at = parameter === null ? nextParameter(value, at) : at + text.length;
  }
  return { type: type.toLowerCase(), subtype: subtype.toLowerCase(), parameters };
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
