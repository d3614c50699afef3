/** A command whose syntax is right; whether it fits the stage is not known here. */
export type Command =
  | { readonly verb: 'USER'; readonly name: string }
  | { readonly verb: 'PASS'; readonly password: string }
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initial: string | null }
  /** `number` is null for all letters. */
  | { readonly verb: 'LIST' | 'UIDL'; readonly number: number | null }
  | { readonly verb: 'RETR'; readonly number: number }
  | { readonly verb: 'DELE'; readonly number: number }
  | { readonly verb: 'TOP'; readonly number: number; readonly lines: number }
  | Bare;

/** The commands of which only the verb counts. */
type Bare<V = 'APOP' | 'CAPA' | 'STLS' | 'UTF8' | 'STAT' | 'NOOP' | 'RSET' | 'QUIT'> = V extends string
  ? { readonly verb: V }
  : never;

export type Verb = Command['verb'];

/** What a line turned out to be. A wrong one carries how it is written. */
export type Parsed =
  | { readonly is: 'command'; readonly command: Command }
  | { readonly is: 'unknown' }
  | { readonly is: 'wrong'; readonly verb: Verb; readonly usage: string };

/** What follows the keyword and its space, null where there is no space; null where that is wrong. */
type Arguments = (text: string | null) => Command | null;

const isWord = /^[A-Za-z]+8?$/;

/**
 * command = keyword *(SP param)
 * keyword = 3*4VCHAR                                                            (RFC 2449 section 3)
 *
 * `line` is without its CRLF. What it names is looked up in a closed table and nowhere else.
 */
export function parseCommand(line: string): Parsed {
  const space = line.indexOf(' ');
  const typed = space < 0 ? line : line.slice(0, space);
  // Some letters outside ASCII have an upper case inside it. Nearly every client writes upper case already.
  const word = commands.has(typed as Verb) ? typed : isWord.test(typed) ? typed.toUpperCase() : '';
  const known = commands.get(word as Verb);
  if (known === undefined) return { is: 'unknown' };
  const command = known.parse(space < 0 ? null : line.slice(space + 1));
  return command === null
    ? { is: 'wrong', verb: word as Verb, usage: known.usage }
    : { is: 'command', command };
}

/** "USER" SP name: all that follows is the name (RFC 1939 section 7). */
const user: Arguments = (text) => (text === null || text === '' ? null : { verb: 'USER', name: text });

/** "PASS" SP string: it has one argument, and so spaces are of the password (RFC 1939 section 7). */
const pass: Arguments = (text) => (text === null || text === '' ? null : { verb: 'PASS', password: text });

/** "AUTH" SP mechanism [SP initial-response]; "=" stands for an empty one (RFC 5034 section 4). */
const auth: Arguments = (text) => {
  const match = /^([A-Za-z0-9_-]{1,20})(?: ([A-Za-z0-9+/=]+))?$/.exec(text ?? '');
  return match === null ? null : { verb: 'AUTH', mechanism: match[1] ?? '', initial: match[2] ?? null };
};

/** Numbers above are no letter's, and all are alike: no maildrop has so many, and no letter so many lines. */
const highest = 4_294_967_295;

/** 1*DIGIT; null for anything else. */
const number = (text: string): number | null =>
  /^[0-9]{1,20}$/.test(text) ? Math.min(Number(text), highest) : null;

/** Lenient: spaces at the end of a line that has no arguments (people who type, and scripts). */
const isBlank = (text: string | null): text is null => text === null || /^ *$/.test(text);

const optionalNumber =
  (verb: 'LIST' | 'UIDL'): Arguments =>
  (text) => {
    if (isBlank(text)) return { verb, number: null };
    const given = number(text);
    return given === null ? null : { verb, number: given };
  };

const oneNumber =
  (verb: 'RETR' | 'DELE'): Arguments =>
  (text) => {
    const given = number(text ?? '');
    return given === null ? null : { verb, number: given };
  };

/** "TOP" SP msg SP n (RFC 1939 section 7). */
const top: Arguments = (text) => {
  const [first = '', second = '', ...others] = (text ?? '').split(' ');
  const [letter, lines] = [number(first), number(second)];
  return letter === null || lines === null || others.length > 0
    ? null
    : { verb: 'TOP', number: letter, lines };
};

const bare =
  (verb: Exclude<Bare['verb'], 'APOP'>): Arguments =>
  (text) =>
    isBlank(text) ? { verb } : null;

type Known = { readonly parse: Arguments; readonly usage: string };

const known = (verb: Verb, usage: string, parse: Arguments): [Verb, Known] => [
  verb,
  { parse, usage: `${verb}${usage}` },
];

const commands: ReadonlyMap<Verb, Known> = new Map<Verb, Known>([
  known('CAPA', '', bare('CAPA')),
  known('STLS', '', bare('STLS')),
  known('UTF8', '', bare('UTF8')),
  known('USER', ' name', user),
  known('PASS', ' password', pass),
  known('APOP', ' name digest', () => ({ verb: 'APOP' })),
  known('AUTH', ' mechanism [initial-response]', auth),
  known('STAT', '', bare('STAT')),
  known('LIST', ' [letter]', optionalNumber('LIST')),
  known('UIDL', ' [letter]', optionalNumber('UIDL')),
  known('RETR', ' letter', oneNumber('RETR')),
  known('TOP', ' letter lines', top),
  known('DELE', ' letter', oneNumber('DELE')),
  known('NOOP', '', bare('NOOP')),
  known('RSET', '', bare('RSET')),
  known('QUIT', '', bare('QUIT')),
]);

/** Whether a word, in any case, is a command that is known here by name. */
export const isVerb = (word: string): boolean =>
  isWord.test(word) && commands.has(word.toUpperCase() as Verb);

/** The commands there are. */
export const verbs: readonly Verb[] = [...commands.keys()];
