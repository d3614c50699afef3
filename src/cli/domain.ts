import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { canonicalDomain, domainProblem } from '../mail/domain.ts';
import { withStore } from './account-store.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { counted } from './figures.ts';
import { domainOf, isConfigured } from './own-address.ts';

type Options = { readonly config?: string };

/** `letterlock domain`: mail domains beside those of the configuration. */
export function domainCommand(): Command {
  const command = new Command('domain').description(
    'mail domains beside those of the configuration, also while the server runs',
  );
  command
    .command('add <domain>')
    .description('take mail for a domain from now on')
    .option('--config <file>', 'the configuration of the server')
    .action((domain: string, options: Options) => complain(() => add(domain, options)));
  command
    .command('list')
    .description('list the domains; those of the configuration are marked')
    .option('--config <file>', 'the configuration of the server')
    .action((options: Options) => complain(() => list(options)));
  command
    .command('remove <domain>')
    .description('take no more mail for a domain; its accounts and their letters stay')
    .option('--config <file>', 'the configuration of the server')
    .action((domain: string, options: Options) => complain(() => remove(domain, options)));
  return command;
}

async function add(text: string, options: Options): Promise<void> {
  const config = await configured(options.config);
  const domain = parseDomain(text);
  if (isConfigured(domain, config))
    throw new HouseRefused(`the configuration has the domain ${domain} already`);
  await withStore(config, async (store) => {
    const added = await store.addDomain(domain);
    if (!added.ok) throw new HouseRefused(`there is a domain ${domain} already`);
    process.stdout.write(`Mail for ${domain} is taken.\n`);
  });
}

async function list(options: Options): Promise<void> {
  const config = await configured(options.config);
  await withStore(config, async (store) => {
    for (const domain of config.domains) process.stdout.write(`${domain}\tconfiguration\n`);
    for (const domain of await store.domains())
      if (!isConfigured(domain, config)) process.stdout.write(`${domain}\n`);
  });
}

async function remove(text: string, options: Options): Promise<void> {
  const config = await configured(options.config);
  const domain = parseDomain(text);
  await withStore(config, async (store) => {
    const removed = await store.removeDomain(domain);
    const configuredToo = isConfigured(domain, config);
    if (!removed.ok)
      throw new HouseRefused(
        configuredToo
          ? `${domain} is a domain of the configuration; change it there`
          : `there is no domain ${domain}`,
      );
    const left = (await store.accounts()).filter(({ name }) => domainOf(name) === domain).length;
    process.stdout.write(
      configuredToo
        ? `${domain} stays, because the configuration has it.\n`
        : `Mail for ${domain} is not taken any more; ${counted(left, 'account')} of it stay${left === 1 ? 's' : ''}.\n`,
    );
  });
}

/** The canonical form of a mail domain; throws `HouseRefused` where the text is none. */
function parseDomain(text: string): string {
  if (domainProblem(text) !== null) throw new HouseRefused(`${JSON.stringify(text)} is no mail domain`);
  return canonicalDomain(text);
}
