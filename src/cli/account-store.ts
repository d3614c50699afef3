import { existsSync } from 'node:fs';
import { canLogIn } from '../accounts/login-names.ts';
import type { Config } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';
import { folderPaths, lookAtFolder } from '../store/sqlite/folder.ts';
import { openStore } from '../store/sqlite/open.ts';
import type { Account, AccountName, Store } from '../store/port.ts';
import { configured } from './configured.ts';
import { canonicalName, mustBeOwn } from './own-address.ts';

/**
 * The store of the configuration, which must be there, closed again whatever happens. Throws `HouseRefused` where there
 * is none, and makes nothing.
 */
export async function withStore(config: Config, use: (store: Store) => Promise<void>): Promise<void> {
  if (!hasStore(config)) throw missingStore(config);
  await withStoreMade(config, use);
}

/** What to say where there is no store. */
export function missingStore(config: Pick<Config, 'data'>): HouseRefused {
  const missing = existsSync(config.data)
    ? `there is no store in the folder ${config.data}`
    : `there is no data folder at ${config.data}`;
  return new HouseRefused(`${missing}; serve or account add makes one`);
}

/** Whether the data folder has a store; throws `HouseRefused` where none can be there. Nothing is made. */
export function hasStore(config: Pick<Config, 'data'>, purpose: 'write' | 'read' = 'write'): boolean {
  const found = lookAtFolder(folderPaths(config.data), purpose);
  if (!found.ok) throw new HouseRefused(found.refusal.message);
  return found.value === 'store';
}

/** The same, and a store is made where there is none. */
export async function withStoreMade(config: Config, use: (store: Store) => Promise<void>): Promise<void> {
  const opened = await openStore(config.data, { compression: config.store.compression });
  if (!opened.ok) throw new HouseRefused(opened.refusal.message);
  try {
    await use(opened.value);
  } finally {
    await opened.value.close();
  }
}

/** The account name that a new account can have; throws `HouseRefused` for one that nobody could log in by. */
export function newAccountName(address: string): AccountName {
  const name = canonicalName(address);
  if (canLogIn(name)) return name;
  throw new HouseRefused(
    `nobody could log in as ${name}: SASLprep (RFC 4013) changes or prohibits a character of it; choose another name`,
  );
}

/** The account that a command names, in the store of its configuration, and the folder of that. Throws `HouseRefused` where there is none. */
export async function withAccount(
  address: string,
  options: { readonly config?: string },
  use: (store: Store, account: Account, folder: string) => Promise<void>,
): Promise<void> {
  const config = await configured(options.config);
  const name = canonicalName(address);
  await withStore(config, async (store) => {
    const account = await store.account(name);
    // An account may outlast its domain, and is there to be taken care of.
    if (account === null) await mustBeOwn(name, config, store);
    if (account === null) throw new HouseRefused(`there is no account ${name}; "account add" makes one`);
    await use(store, account, config.data);
  });
}
