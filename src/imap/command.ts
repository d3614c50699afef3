import type { Gathered } from './command-reader.ts';
import { append, type AppendCommand } from './grammar/append.ts';
import { fetch, type FetchCommand } from './grammar/fetch.ts';
import { id, type IdCommand } from './grammar/id.ts';
import { list, type ListCommand } from './grammar/list.ts';
import { authenticate, login, type AuthenticateCommand, type LoginCommand } from './grammar/login.ts';
import { numberSet } from './grammar/number-set.ts';
import { select, type SelectCommand } from './grammar/select.ts';
import { status, type StatusCommand } from './grammar/status.ts';
import { store, type StoreCommand } from './grammar/store.ts';
import { grammarLimits } from './limits.ts';
import type { NumberSet } from './number-set.ts';
import { Scanner } from './scanner.ts';

/** A command whose syntax is right; whether it fits the stage is not known here. */
export type Command =
  | AppendCommand
  | AuthenticateCommand
  | FetchCommand
  | IdCommand
  | ListCommand
  | LoginCommand
  | SelectCommand
  | StatusCommand
  | StoreCommand
  | { readonly name: 'UID EXPUNGE'; readonly set: NumberSet }
  | Bare;

/** The commands that are nothing but their names. */
type Bare<Name = 'CAPABILITY' | 'NOOP' | 'LOGOUT' | 'CHECK' | 'IDLE' | 'CLOSE' | 'UNSELECT' | 'EXPUNGE'> =
  Name extends string ? { readonly name: Name } : never;

export type CommandName = Command['name'];

/** The command of a name, as its own handler gets it. */
export type CommandOf<Name extends CommandName> =
  Extract<Command, { readonly name: Name }> extends never
    ? Extract<Command, { readonly name: unknown }> & { readonly name: Name }
    : Extract<Command, { readonly name: Name }>;

type Parser<Name extends CommandName> = {
  /** Whether something stands behind the name. */
  readonly takes: 'nothing' | 'arguments';
  readonly parse: (scan: Scanner) => Command & { readonly name: Name };
};

const bare = <Name extends Bare['name']>(name: Name) => ({
  takes: 'nothing' as const,
  parse: () => ({ name }) as Bare<Name> & { readonly name: Name },
});

const reads = <Read extends Command>(parse: (scan: Scanner) => Read) => ({
  takes: 'arguments' as const,
  parse,
});

/** How what stands behind each name is read. A missing row is a type error. */
const grammar: { readonly [Name in CommandName]: Parser<Name> } = {
  APPEND: reads(append),
  AUTHENTICATE: reads(authenticate),
  CAPABILITY: bare('CAPABILITY'),
  CHECK: bare('CHECK'),
  CLOSE: bare('CLOSE'),
  EXAMINE: reads(select('EXAMINE')),
  EXPUNGE: bare('EXPUNGE'),
  FETCH: reads(fetch('FETCH')),
  ID: reads(id),
  IDLE: bare('IDLE'),
  LIST: reads(list('LIST')),
  LOGIN: reads(login),
  LOGOUT: bare('LOGOUT'),
  LSUB: reads(list('LSUB')),
  NOOP: bare('NOOP'),
  SELECT: reads(select('SELECT')),
  STATUS: reads(status),
  STORE: reads(store('STORE')),
  'UID EXPUNGE': reads((scan) => ({ name: 'UID EXPUNGE', set: numberSet(scan) })),
  'UID FETCH': reads(fetch('UID FETCH')),
  'UID STORE': reads(store('UID STORE')),
  UNSELECT: bare('UNSELECT'),
};

const parsers: ReadonlyMap<string, Parser<CommandName>> = new Map(Object.entries(grammar));

/** What a command turned out to be. */
export type Parsed =
  | { readonly is: 'command'; readonly tag: string; readonly command: Command }
  /** Not even a tag stands there (RFC 9051 section 7.1.3). */
  | { readonly is: 'no-tag' }
  | { readonly is: 'unknown'; readonly tag: string }
  /** `problem` is what was expected where something else stands. */
  | { readonly is: 'wrong'; readonly tag: string; readonly name: CommandName; readonly problem: string };

// command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF      (RFC 9051 section 9)
/** Reads a whole command. What it names is looked up in a closed table and nowhere else. */
export function parseCommand(gathered: Gathered): Parsed {
  const scan = new Scanner(gathered);
  const begun = beginning(scan);
  if (begun.is !== 'named') return begun;
  const { tag, name, parser } = begun;
  if (parser.takes === 'arguments') scan.space();
  const command = parser.parse(scan);
  scan.end();
  const { problem } = scan;
  return problem === null ? { is: 'command', tag, command } : { is: 'wrong', tag, name, problem };
}

type Beginning =
  | Exclude<Parsed, { is: 'command' | 'wrong' }>
  | {
      readonly is: 'named';
      readonly tag: string;
      readonly name: CommandName;
      readonly parser: Parser<CommandName>;
    };

/** The tag and the name; behind them the scanner stands. */
export function beginning(scan: Scanner): Beginning {
  const tag = scan.tag();
  if (!scan.ok || tag.length > grammarLimits.tagOctets) return { is: 'no-tag' };
  scan.space();
  const first = scan.keyword('a command');
  const name = first === 'UID' && scan.take(' ') ? `UID ${scan.keyword('a command')}` : first;
  const parser = parsers.get(name);
  return parser === undefined
    ? { is: 'unknown', tag }
    : { is: 'named', tag, name: name as CommandName, parser };
}

/** The names of the commands that are known, for a log: what else a client sends may be a password in the wrong place. */
export const isCommandName = (name: string): boolean => parsers.has(name);
