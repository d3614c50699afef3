import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { generatePassword } from '../accounts/password.ts';
import { acceptPassword, makeVerifiers } from '../accounts/verifiers.ts';
import type { Config } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';
import { systemClock } from '../net/clock.ts';
import { Secret } from '../sasl/exchange.ts';
import { appPasswordCommand } from './account-app-password.ts';
import { certificateCommand } from './account-certificate.ts';
import { hasStore, newAccountName, withAccount, withStoreMade } from './account-store.ts';
import { listAccounts, quotaCommand, removeCommand } from './account-care.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { mustBeOwn } from './own-address.ts';

type Options = { readonly config?: string; readonly passwordStdin: boolean };

/** `letterlock account`: accounts, also while the server runs. */
export function accountCommand(): Command {
  const account = new Command('account').description(
    'accounts, their passwords, app passwords and certificates, also while the server runs',
  );
  account
    .command('add <address>')
    .description('make an account; without --password-stdin it gets a strong password, which is shown once')
    .option('--config <file>', 'the configuration of the server')
    .option('--password-stdin', 'take the password from the first line of standard input', false)
    .action((address: string, options: Options) => complain(() => add(address, options)));
  account
    .command('password <address>')
    .description('give an account a new password')
    .option('--config <file>', 'the configuration of the server')
    .option('--password-stdin', 'take the password from the first line of standard input', false)
    .action((address: string, options: Options) => complain(() => changePassword(address, options)));
  account
    .command('list')
    .description('list the accounts, each with how much it keeps and how much it may')
    .option('--config <file>', 'the configuration of the server')
    .action((options: { config?: string }) => complain(() => listAccounts(options)));
  account.addCommand(quotaCommand());
  account.addCommand(removeCommand());
  account.addCommand(appPasswordCommand());
  account.addCommand(certificateCommand());
  return account;
}

async function add(address: string, options: Options): Promise<void> {
  const config = await configured(options.config);
  const name = newAccountName(address);
  if (!hasStore(config)) await mustBeOwn(name, config, null);
  const { password, shown } = await passwordFor(config, options);
  const begun = hasStore(config);
  await withStoreMade(config, async (store) => {
    if (!begun) process.stdout.write(`A new data folder is made at ${config.data}.\n`);
    await mustBeOwn(name, config, store);
    const verifiers = await makeVerifiers(password, randomBytes);
    const made = await store.createAccount({ name, verifiers, createdAt: systemClock.now() });
    if (!made.ok)
      throw new HouseRefused(
        `there is an account ${name} already; "account password" gives it a new password`,
      );
    process.stdout.write(`Account ${name} is made in ${config.data}.\n${shown}`);
  });
}

async function changePassword(address: string, options: Options): Promise<void> {
  const { password, shown } = await passwordFor(await configured(options.config), options);
  await withAccount(address, options, async (store, { id, name }, folder) => {
    await store.setVerifiers(id, await makeVerifiers(password, randomBytes));
    process.stdout.write(`Account ${name} in ${folder} has a new password.\n${shown}`);
  });
}

/** The password that standard input gives, or a made one, which is shown. */
async function passwordFor(config: Config, options: Options): Promise<{ password: Secret; shown: string }> {
  if (!options.passwordStdin) {
    const password = generatePassword(config.enrolment.password, randomBytes);
    return { password, shown: `Its password, shown this once: ${password.reveal()}\n` };
  }
  const line = (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  const accepted = acceptPassword(new Secret(line));
  if (accepted.ok) return { password: accepted.value, shown: '' };
  switch (accepted.refusal) {
    case 'empty':
      throw new HouseRefused('standard input gave no password; give it as the first line');
    case 'prohibited':
      throw new HouseRefused(
        'the password has a character that SASLprep (RFC 4013) prohibits; choose another',
      );
    case 'too-long':
      throw new HouseRefused('the password is too long: at most 1,024 characters');
  }
}
