import { existsSync } from 'node:fs';
import { canLogIn } from '../accounts/login-names.ts';
import type { Config } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';
import { canonicalAddress, parseAddress } from '../mail/address.ts';
import { canonicalDomain } from '../mail/domain.ts';
import { folderPaths, lookAtFolder } from '../store/sqlite/folder.ts';
import { openStore } from '../store/sqlite/open.ts';
import type { Account, AccountName, Store } from '../store/port.ts';
import { configured } from './configured.ts';

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
export function hasStore(config: Pick<Config, 'data'>): boolean {
  const found = lookAtFolder(folderPaths(config.data));
  if (!found.ok) throw new HouseRefused(found.refusal.message);
  return found.value === 'store';
}

/** The same, and a store is made where there is none. */
export async function withStoreMade(config: Config, use: (store: Store) => Promise<void>): Promise<void> {
  const opened = await openStore(config.data);
  if (!opened.ok) throw new HouseRefused(opened.refusal.message);
  try {
    await use(opened.value);
  } finally {
    await opened.value.close();
  }
}

/** The account name that a new account can have; throws `HouseRefused` for one that nobody could log in by. */
export function newAccountName(address: string, config: Config): AccountName {
  const name = accountName(address, config);
  if (canLogIn(name)) return name;
  throw new HouseRefused(
    `nobody could log in as ${name}: SASLprep (RFC 4013) changes or prohibits a character of it; choose another name`,
  );
}

/** The account name of an address of this server's; throws `HouseRefused` for any other. */
function accountName(address: string, config: Config): AccountName {
  const parsed = parseAddress(address);
  if (!parsed.ok)
    throw new HouseRefused(`${JSON.stringify(address)} is no address: ${parsed.refusal.detail}`);
  const name = canonicalAddress(parsed.value);
  const domain = name.slice(name.lastIndexOf('@') + 1);
  if (config.domains.some((own) => canonicalDomain(own) === domain)) return name as AccountName;
  throw new HouseRefused(
    `${domain} is not a domain of this server; its domains are ${config.domains.join(', ')}`,
  );
}

/** The account that a command names, in the store of its configuration, and the folder of that. Throws `HouseRefused` where there is none. */
export async function withAccount(
  address: string,
  options: { readonly config?: string },
  use: (store: Store, account: Account, folder: string) => Promise<void>,
): Promise<void> {
  const config = await configured(options.config);
  const name = accountName(address, config);
  await withStore(config, async (store) => {
    const account = await store.account(name);
    if (account === null) throw new HouseRefused(`there is no account ${name}; "account add" makes one`);
    await use(store, account, config.data);
  });
}
