import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import type { Account, Quota, Store, Usage } from '../store/port.ts';
import { withAccount, withStore } from './account-store.ts';
import { askForWord } from './ask-yes.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { counted, parseBytes, parseCount, shownBytes } from './figures.ts';

type QuotaOptions = { readonly config?: string; readonly bytes?: string; readonly letters?: string };
type RemoveOptions = { readonly config?: string; readonly yes: boolean };

/** `letterlock account quota`: how much an account may keep. */
export function quotaCommand(): Command {
  return new Command('quota')
    .description('bound what an account may keep, by bytes, by letters, or both; without an option, show it')
    .argument('<address>')
    .option('--bytes <size>', 'at most so many bytes, as 500M, 5G, or none')
    .option('--letters <count>', 'at most so many letters, or none')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: QuotaOptions) => complain(() => setQuota(address, options)));
}

/** `letterlock account remove`: an account with everything in it. */
export function removeCommand(): Command {
  return new Command('remove')
    .description('remove an account with its letters; asks at the terminal')
    .argument('<address>')
    .option('--yes', 'do not ask', false)
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: RemoveOptions) => complain(() => remove(address, options)));
}

/** Prints every account with what it keeps. */
export async function listAccounts(options: { readonly config?: string }): Promise<void> {
  await withStore(await configured(options.config), async (store) => {
    for (const { id, name } of await store.accounts()) {
      const found = await store.quota(id);
      if (found !== null) process.stdout.write(`${name}\t${usageLine(found)}\n`);
    }
  });
}

async function setQuota(address: string, { bytes, letters, ...options }: QuotaOptions): Promise<void> {
  const wanted = {
    ...(bytes === undefined ? {} : { bytes: parseBytes(bytes) }),
    ...(letters === undefined ? {} : { letters: parseCount(letters) }),
  };
  await withAccount(address, options, async (store, account) => {
    const found = await quotaOf(store, account);
    const quota = { ...found.quota, ...wanted };
    const set = Object.keys(wanted).length === 0 || (await store.setQuota(account.id, quota)).ok;
    if (!set) throw isGone(account);
    process.stdout.write(`${account.name} keeps ${usageLine({ quota, usage: found.usage })}.\n`);
  });
}

async function remove(address: string, { yes, ...options }: RemoveOptions): Promise<void> {
  await withAccount(address, options, async (store, account, folder) => {
    const { usage } = await quotaOf(store, account);
    const what = `${account.name} in ${folder} with ${counted(usage.letters, 'letter')}`;
    if (!yes) await askForWord(`Account ${what} is removed for good.`, account.name);
    if (!(await store.removeAccount(account.id)).ok) throw isGone(account);
    process.stdout.write(`Account ${what} is removed.\n`);
  });
}

async function quotaOf(store: Store, account: Account): Promise<{ quota: Quota; usage: Usage }> {
  const found = await store.quota(account.id);
  if (found === null) throw isGone(account);
  return found;
}

const isGone = ({ name }: Account): HouseRefused => new HouseRefused(`there is no account ${name} any more`);

/** `3 letters of 100, 12.0 KiB of 5.0 GiB`. */
function usageLine({ quota, usage }: { readonly quota: Quota; readonly usage: Usage }): string {
  const letters = quota.letters === null ? '' : ` of ${quota.letters}`;
  const bytes = quota.bytes === null ? '' : ` of ${shownBytes(quota.bytes)}`;
  return `${counted(usage.letters, 'letter')}${letters}, ${shownBytes(usage.bytes)}${bytes}`;
}
