import type { Gathered } from './command-reader.ts';
import { append, type AppendCommand } from './grammar/append.ts';
import { compress, type CompressCommand } from './grammar/compress.ts';
import { copy, type CopyCommand } from './grammar/copy.ts';
import { enable, type EnableCommand } from './grammar/enable.ts';
import { fetch, type FetchCommand } from './grammar/fetch.ts';
import { id, type IdCommand } from './grammar/id.ts';
import { list, lsub, type ListCommand } from './grammar/list.ts';
import { authenticate, login, type AuthenticateCommand, type LoginCommand } from './grammar/login.ts';
import { create, ofMailbox, rename, type MailboxCommand } from './grammar/mailbox-commands.ts';
import { getMetadata, setMetadata, type MetadataCommand } from './grammar/metadata.ts';
import { numberSet } from './grammar/number-set.ts';
import { getQuota, getQuotaRoot, type QuotaCommand } from './grammar/quota.ts';
import { search, type SearchCommand } from './grammar/search.ts';
import { select, type SelectCommand } from './grammar/select.ts';
import { sort, thread, type SortCommand, type ThreadCommand } from './grammar/sort.ts';
import { status, type StatusCommand } from './grammar/status.ts';
import { store, type StoreCommand } from './grammar/store.ts';
import { uidBatches, type UidBatchesCommand } from './grammar/uid-batches.ts';
import { grammarLimits } from './limits.ts';
import type { NumberSet } from './number-set.ts';
import { Scanner } from './scanner.ts';

/** A command whose syntax is right; whether it fits the stage is not known here. */
export type Command =
  | AppendCommand
  | AuthenticateCommand
  | CompressCommand
  | CopyCommand
  | EnableCommand
  | FetchCommand
  | IdCommand
  | ListCommand
  | LoginCommand
  | MailboxCommand
  | MetadataCommand
  | QuotaCommand
  | SearchCommand
  | SelectCommand
  | SortCommand
  | StatusCommand
  | StoreCommand
  | ThreadCommand
  | UidBatchesCommand
  | { readonly name: 'UID EXPUNGE'; readonly set: NumberSet }
  | Bare;

/** The commands that are nothing but their names. */
type Bare = { [Name in BareName]: { readonly name: Name } }[BareName];
type BareName =
  | 'CAPABILITY'
  | 'CHECK'
  | 'CLOSE'
  | 'EXPUNGE'
  | 'IDLE'
  | 'LOGOUT'
  | 'NAMESPACE'
  | 'NOOP'
  | 'UNAUTHENTICATE'
  | 'UNSELECT';

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

const bare = <Name extends BareName>(name: Name) => ({
  takes: 'nothing' as const,
  parse: () => ({ name }) as Extract<Bare, { readonly name: Name }>,
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
  COMPRESS: reads(compress),
  COPY: reads(copy('COPY')),
  CREATE: reads(create),
  DELETE: reads(ofMailbox('DELETE')),
  ENABLE: reads(enable),
  EXAMINE: reads(select('EXAMINE')),
  EXPUNGE: bare('EXPUNGE'),
  FETCH: reads(fetch('FETCH')),
  GETMETADATA: reads(getMetadata),
  GETQUOTA: reads(getQuota),
  GETQUOTAROOT: reads(getQuotaRoot),
  ID: reads(id),
  IDLE: bare('IDLE'),
  LIST: reads(list),
  LOGIN: reads(login),
  LOGOUT: bare('LOGOUT'),
  LSUB: reads(lsub),
  MOVE: reads(copy('MOVE')),
  NAMESPACE: bare('NAMESPACE'),
  NOOP: bare('NOOP'),
  RENAME: reads(rename),
  SEARCH: reads(search('SEARCH')),
  SELECT: reads(select('SELECT')),
  SORT: reads(sort('SORT')),
  SETMETADATA: reads(setMetadata),
  STATUS: reads(status),
  STORE: reads(store('STORE')),
  SUBSCRIBE: reads(ofMailbox('SUBSCRIBE')),
  THREAD: reads(thread('THREAD')),
  'UID COPY': reads(copy('UID COPY')),
  'UID EXPUNGE': reads((scan) => ({ name: 'UID EXPUNGE', set: numberSet(scan) })),
  'UID FETCH': reads(fetch('UID FETCH')),
  'UID MOVE': reads(copy('UID MOVE')),
  'UID SEARCH': reads(search('UID SEARCH')),
  'UID SORT': reads(sort('UID SORT')),
  'UID STORE': reads(store('UID STORE')),
  'UID THREAD': reads(thread('UID THREAD')),
  UIDBATCHES: reads(uidBatches),
  UNAUTHENTICATE: bare('UNAUTHENTICATE'),
  UNSELECT: bare('UNSELECT'),
  UNSUBSCRIBE: reads(ofMailbox('UNSUBSCRIBE')),
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
