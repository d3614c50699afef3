import { Command } from 'commander';
import type { Config } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';
import type { AccountName, Store } from '../store/port.ts';
import { withStore } from './account-store.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { canonicalName, mustBeOwn } from './own-address.ts';

type Options = { readonly config?: string };

const mostTargets = 100;

/** `letterlock alias`: addresses that stand for others, beside those of the configuration. */
export function aliasCommand(): Command {
  const alias = new Command('alias').description(
    'addresses that stand for others, beside those of the configuration, also while the server runs',
  );
  alias
    .command('set <address> <targets...>')
    .description('make an alias, or give it other targets')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, targets: readonly string[], options: Options) =>
      complain(() => set(address, targets, options)),
    );
  alias
    .command('list')
    .description('list the aliases; those of the configuration are marked')
    .option('--config <file>', 'the configuration of the server')
    .action((options: Options) => complain(() => list(options)));
  alias
    .command('remove <address>')
    .description('remove an alias')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: Options) => complain(() => remove(address, options)));
  return alias;
}

async function set(address: string, texts: readonly string[], options: Options): Promise<void> {
  const config = await configured(options.config);
  const name = canonicalName(address);
  const targets = [...new Set(texts.map(canonicalName))];
  if (targets.length > mostTargets)
    throw new HouseRefused(`an alias stands for at most ${mostTargets} addresses, and not ${targets.length}`);
  if (isRuled(name, config)) throw isConfiguredAlias(name);
  await withStore(config, async (store) => {
    for (const one of [name, ...targets]) await mustBeOwn(one, config, store);
    const nobody = await namesOfNobody(targets, config, store);
    await store.setAlias({ name, targets });
    process.stdout.write(`${name} stands for ${targets.join(', ')}.\n`);
    for (const target of nobody) process.stdout.write(`There is no account ${target} yet.\n`);
  });
}

async function list(options: Options): Promise<void> {
  const config = await configured(options.config);
  await withStore(config, async (store) => {
    for (const [name, targets] of Object.entries(config.aliases))
      process.stdout.write(`${name}\t${targets.join(', ')}\tconfiguration\n`);
    for (const { name, targets } of await store.aliases()) {
      const hidden = isRuled(name, config) ? '\tnot used: the configuration has it' : '';
      process.stdout.write(`${name}\t${targets.join(', ')}${hidden}\n`);
    }
  });
}

async function remove(address: string, options: Options): Promise<void> {
  const config = await configured(options.config);
  const name = canonicalName(address);
  await withStore(config, async (store) => {
    const removed = await store.removeAlias(name);
    if (!removed.ok)
      throw isRuled(name, config) ? isConfiguredAlias(name) : new HouseRefused(`there is no alias ${name}`);
    process.stdout.write(`The alias ${name} is removed.\n`);
  });
}

const isRuled = (name: AccountName, config: Pick<Config, 'aliases'>): boolean =>
  Object.keys(config.aliases).some((from) => canonicalName(from) === name);

const isConfiguredAlias = (name: AccountName): HouseRefused =>
  new HouseRefused(`${name} is an alias of the configuration; change it there`);

/** The targets that are neither an account nor an alias. */
async function namesOfNobody(
  targets: readonly AccountName[],
  config: Config,
  store: Store,
): Promise<readonly AccountName[]> {
  const nobody: AccountName[] = [];
  for (const target of targets) {
    const known = (await store.account(target)) ?? (await store.alias(target));
    if (known === null && !isRuled(target, config)) nobody.push(target);
  }
  return nobody;
}
