import type { Command, CommandName, CommandOf } from '../command.ts';
import { say } from '../say.ts';
import { authenticate } from './authenticate.ts';
import { close, unselect } from './close.ts';
import { compress } from './compress.ts';
import { copy } from './copy.ts';
import { enable } from './enable.ts';
import { expunge, uidExpunge } from './expunge.ts';
import { fetch } from './fetch.ts';
import { idle } from './idle.ts';
import { list } from './list.ts';
import { login } from './login.ts';
import { create, remove, rename, subscribe, unsubscribe } from './mailbox-commands.ts';
import { getMetadata, setMetadata } from './metadata.ts';
import { getQuota, getQuotaRoot } from './quota.ts';
import { search } from './search.ts';
import { select } from './select.ts';
import { capability, id, logout, namespace, noop } from './simple.ts';
import type { Context, Greeted, Handler, HomeStage, LoggedIn, Move, Selected } from './stage.ts';
import { ends } from './stage.ts';
import { sort, thread } from './sort.ts';
import { status } from './status.ts';
import { store } from './store.ts';
import { uidBatches } from './uid-batches.ts';
import { unauthenticate } from './unauthenticate.ts';

/** What of the mailbox may be told when a command ends (RFC 9051 section 7.5.1). */
export type Tells = 'everything' | 'nothing-gone';

/** In which stages a command is legal (RFC 9051 section 3), what it tells, and what it does. */
type Row<C extends Command> = { readonly tells: Tells } & (
  | { readonly where: 'anywhere'; readonly handler: Handler<C, HomeStage> }
  | { readonly where: 'greeted'; readonly handler: Handler<C, Greeted> }
  | { readonly where: 'logged-in'; readonly handler: Handler<C, LoggedIn> }
  | { readonly where: 'selected'; readonly handler: Handler<C, Selected> }
);

const anywhere = <C extends Command>(handler: Handler<C, HomeStage>) =>
  ({ where: 'anywhere', tells: 'everything', handler }) as const;
const greeted = <C extends Command>(handler: Handler<C, Greeted>) =>
  ({ where: 'greeted', tells: 'everything', handler }) as const;
const loggedIn = <C extends Command>(handler: Handler<C, LoggedIn>) =>
  ({ where: 'logged-in', tells: 'everything', handler }) as const;
const selected = <C extends Command>(handler: Handler<C, Selected>, tells: Tells = 'everything') =>
  ({ where: 'selected', tells, handler }) as const;

/** Every command. A missing row is a type error. */
const table: { readonly [Name in CommandName]: Row<CommandOf<Name>> } = {
  // Its letters are announced, and so it is under way before it is read.
  APPEND: loggedIn((_, stage) => ends(stage, say.syntax('APPEND', 'expected a letter as a literal'))),
  AUTHENTICATE: greeted(authenticate),
  CAPABILITY: anywhere(capability),
  CHECK: selected(noop),
  CLOSE: selected(close),
  COMPRESS: loggedIn(compress),
  COPY: selected(copy),
  CREATE: loggedIn(create),
  DELETE: loggedIn(remove),
  ENABLE: loggedIn(enable),
  EXAMINE: loggedIn(select),
  EXPUNGE: selected(expunge),
  FETCH: selected(fetch, 'nothing-gone'),
  GETMETADATA: loggedIn(getMetadata),
  GETQUOTA: loggedIn(getQuota),
  GETQUOTAROOT: loggedIn(getQuotaRoot),
  ID: anywhere(id),
  IDLE: loggedIn(idle),
  LIST: loggedIn(list),
  LOGIN: greeted(login),
  LOGOUT: anywhere(logout),
  LSUB: loggedIn(list),
  MOVE: selected(copy),
  NAMESPACE: loggedIn(namespace),
  NOOP: anywhere(noop),
  RENAME: loggedIn(rename),
  SEARCH: selected(search, 'nothing-gone'),
  SELECT: loggedIn(select),
  SORT: selected(sort, 'nothing-gone'),
  SETMETADATA: loggedIn(setMetadata),
  STATUS: loggedIn(status),
  STORE: selected(store, 'nothing-gone'),
  SUBSCRIBE: loggedIn(subscribe),
  THREAD: selected(thread, 'nothing-gone'),
  'UID COPY': selected(copy),
  'UID EXPUNGE': selected(uidExpunge),
  'UID FETCH': selected(fetch),
  'UID MOVE': selected(copy),
  'UID SEARCH': selected(search),
  'UID SORT': selected(sort),
  'UID STORE': selected(store),
  'UID THREAD': selected(thread),
  UIDBATCHES: selected(uidBatches),
  UNAUTHENTICATE: loggedIn(unauthenticate),
  UNSELECT: selected(unselect),
  UNSUBSCRIBE: loggedIn(unsubscribe),
};

/** What may be told when this command ends. */
export const tellsOf = (name: CommandName): Tells => table[name].tells;

/** Does the command, or says why it is not legal here. */
export function dispatch(command: Command, stage: HomeStage, context: Context): Move {
  // The row of a name takes the command of that name: so the table is typed.
  const row = table[command.name] as Row<Command>;
  switch (row.where) {
    case 'anywhere':
      return row.handler(command, stage, context);
    case 'greeted':
      return stage.at === 'greeted' ? row.handler(command, stage, context) : ends(stage, say.loggedInAlready);
    case 'logged-in':
      return stage.at === 'greeted' ? ends(stage, say.loginFirst) : row.handler(command, stage, context);
    case 'selected':
      if (stage.at === 'selected') return row.handler(command, stage, context);
      return ends(stage, stage.at === 'greeted' ? say.loginFirst : say.selectFirst);
  }
}
