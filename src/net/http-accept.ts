/** A media range with its parameters and its weight (RFC 9110 section 12.5.1). */
type MediaRange = {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
};

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTED_STRING = /^"(?:[^"\\]|\\.)*"$/s;
// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Which of the offered media types (`text/plain; charset=utf-8`, the preferred one first) an `Accept` field asks for;
 * null where it takes none of them. What is no media range in it is passed over, and without any, everything is taken
 * (RFC 9110 sections 12.4.1 and 12.5.1).
 */
export function negotiate(accept: string | null, offered: readonly string[]): string | null {
  const ranges = accept === null ? [] : split(accept, ',').flatMap((text) => parseRange(text) ?? []);
  if (ranges.length === 0) return offered[0] ?? null;
  let best: { readonly offer: string; readonly weight: number } | null = null;
  for (const offer of offered) {
    const weight = weightOf(offer, ranges);
    if (weight > (best?.weight ?? 0)) best = { offer, weight };
  }
  return best?.offer ?? null;
}

/** The weight that the most specific range gives an offer; 0 where none matches. */
function weightOf(offer: string, ranges: readonly MediaRange[]): number {
  const type = parseRange(offer);
  if (type === null) throw new Error(`no media type: ${offer}`);
  let found = { specificity: -1, weight: 0 };
  for (const range of ranges) {
    const specificity = specificityOf(range, type);
    if (specificity > found.specificity) found = { specificity, weight: range.weight };
  }
  return found.weight;
}

/** How closely a range describes a type; -1 where it does not. */
function specificityOf(range: MediaRange, type: MediaRange): number {
  if (range.type !== '*' && range.type !== type.type) return -1;
  if (range.subtype !== '*' && range.subtype !== type.subtype) return -1;
  for (const [name, value] of range.parameters) if (type.parameters.get(name) !== value) return -1;
  const names = (range.type === '*' ? 0 : 1) + (range.subtype === '*' ? 0 : 1);
  return names * 1000 + Math.min(range.parameters.size, 999);
}

// media-range = ( "*/*" / ( type "/" "*" ) / ( type "/" subtype ) ) parameters
// weight      = OWS ";" OWS "q=" qvalue
function parseRange(text: string): MediaRange | null {
  const [names = '', ...rest] = split(text, ';');
  const [type = '', subtype = '', more] = names.toLowerCase().split('/');
  if (more !== undefined || !TOKEN.test(type) || !TOKEN.test(subtype)) return null;
  if (type === '*' && subtype !== '*') return null;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    if (parameter === '') continue;
    const equals = parameter.indexOf('=');
    const name = parameter.slice(0, Math.max(0, equals)).toLowerCase();
    const value = parseValue(parameter.slice(equals + 1));
    if (!TOKEN.test(name) || value === null) return null;
    // What comes after the weight is no parameter of the type.
    if (name === 'q') return WEIGHT.test(value) ? { type, subtype, parameters, weight: Number(value) } : null;
    parameters.set(name, value.toLowerCase());
  }
  return { type, subtype, parameters, weight: 1 };
}

function parseValue(text: string): string | null {
  if (TOKEN.test(text)) return text;
  return QUOTED_STRING.test(text) ? text.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : null;
}

/** The pieces between separators that do not stand in a quoted string, without white space around them. */
function split(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      pieces.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  pieces.push(text.slice(start).trim());
  return pieces;
}
