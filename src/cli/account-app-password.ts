import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { appPasswordDigest, generateAppPassword } from '../accounts/app-passwords.ts';
import { HouseRefused } from '../app/house.ts';
import { systemClock } from '../net/clock.ts';
import { services, type AppPassword, type Service } from '../store/port.ts';
import { withAccount } from './account-store.ts';
import { complain } from './complain.ts';
import { defused } from './menu/defused.ts';

type AddOptions = {
  readonly config?: string;
  readonly label: string;
  readonly scope: string;
  readonly expires: string;
};

/** `letterlock account app-password`: passwords that are made for one program each. */
export function appPasswordCommand(): Command {
  const command = new Command('app-password').description(
    'passwords for one program each, with a scope and an end; they work with PLAIN, LOGIN and HTTP Basic',
  );
  command
    .command('add <address>')
    .description('make an app password, which is shown once')
    .requiredOption('--label <text>', 'what to call it, for example the name of the device')
    .requiredOption('--scope <services>', `what it opens: some of ${services.join(',')}`)
    .option('--expires <time>', 'how long it lasts, as 12h, 90d, 2w or 1y, or never', 'never')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: AddOptions) => complain(() => add(address, options)));
  command
    .command('list <address>')
    .description('list the app passwords of an account; the passwords themselves are not kept')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: { config?: string }) => complain(() => list(address, options)));
  command
    .command('remove <address>')
    .description('take an app password back, at once')
    .requiredOption('--label <text>', 'what it is called')
    .option('--config <file>', 'the configuration of the server')
    .action((address: string, options: { config?: string; label: string }) =>
      complain(() => remove(address, options)),
    );
  return command;
}

async function add(address: string, options: AddOptions): Promise<void> {
  const label = parseLabel(options.label);
  const scope = parseScope(options.scope);
  const lastsMs = parseDuration(options.expires);
  await withAccount(address, options, async (store, { id, name }) => {
    const password = generateAppPassword(randomBytes);
    const sha256 = appPasswordDigest(password);
    if (sha256 === null) throw new Error('an app password was made that is none');
    const createdAt = systemClock.now();
    const expiresAt = lastsMs === null ? null : createdAt + lastsMs;
    const added = await store.addAppPassword(id, { label, sha256, scope, createdAt, expiresAt });
    if (!added.ok) throw new HouseRefused(explain(added.refusal, name, label));
    const until = expiresAt === null ? 'until it is removed' : `until ${moment(expiresAt)}`;
    process.stdout.write(
      `App password ${JSON.stringify(label)} of ${name} opens ${scope.join(', ')} ${until}.\n` +
        `Shown this once: ${password.reveal()}\n`,
    );
  });
}

async function list(address: string, options: { readonly config?: string }): Promise<void> {
  await withAccount(address, options, async (store, { id }) => {
    for (const one of await store.appPasswords(id)) process.stdout.write(`${line(one)}\n`);
  });
}

async function remove(
  address: string,
  { label, ...options }: { readonly config?: string; readonly label: string },
): Promise<void> {
  await withAccount(address, options, async (store, { id, name }) => {
    const removed = await store.removeAppPassword(id, label.trim());
    if (!removed.ok)
      throw new HouseRefused(
        `${name} has no app password ${JSON.stringify(label)}; "list" shows what there is`,
      );
    process.stdout.write(`App password ${JSON.stringify(label)} of ${name} is removed.\n`);
  });
}

function line({ label, scope, createdAt, lastUsedOn, expiresAt }: AppPassword): string {
  const ended = expiresAt !== null && expiresAt <= systemClock.now() ? 'ended' : 'expires';
  return [
    defused(label),
    scope.join(','),
    `created ${moment(createdAt)}`,
    `last used ${lastUsedOn === null ? 'never' : moment(lastUsedOn).slice(0, 10)}`,
    `${ended} ${expiresAt === null ? 'never' : moment(expiresAt)}`,
  ].join('\t');
}

function explain(refusal: 'no-account' | 'exists' | 'too-many', name: string, label: string): string {
  switch (refusal) {
    case 'no-account':
      return `there is no account ${name} any more`;
    case 'exists':
      return `${name} has an app password ${JSON.stringify(label)} already; choose another label, or remove it`;
    case 'too-many':
      return `${name} has as many app passwords as an account may have; remove one that is not used`;
  }
}

const longestLabel = 100;

/** What an app password is called: one line. Throws `HouseRefused` for anything else. */
export function parseLabel(text: string): string {
  const label = text.trim();
  if (label === '' || label.length > longestLabel || defused(label) !== label || label.includes('\t'))
    throw new HouseRefused(
      `${JSON.stringify(text)} is no label: give up to ${longestLabel} characters in one line`,
    );
  return label;
}

/** Services with commas between them. Throws `HouseRefused` for anything else. */
export function parseScope(text: string): readonly Service[] {
  const words = new Set(text.split(',').map((word) => word.trim().toLowerCase()));
  const scope = services.filter((service) => words.has(service));
  if (scope.length !== words.size)
    throw new HouseRefused(`${JSON.stringify(text)} is no scope: give some of ${services.join(',')}`);
  return scope;
}

const hourMs = 60 * 60 * 1000;
const unitsMs: ReadonlyMap<string, number> = new Map([
  ['h', hourMs],
  ['d', 24 * hourMs],
  ['w', 7 * 24 * hourMs],
  ['y', 365 * 24 * hourMs],
]);

/** `12h`, `90d`, `2w`, `1y` in milliseconds; null for `never`. Throws `HouseRefused` for anything else. */
export function parseDuration(text: string): number | null {
  if (text === 'never') return null;
  const [, count = '', unit = ''] = /^([1-9][0-9]{0,3})([hdwy])$/.exec(text) ?? [];
  const unitMs = unitsMs.get(unit);
  if (unitMs === undefined)
    throw new HouseRefused(`${JSON.stringify(text)} is no length of time: give 12h, 90d, 2w, 1y or never`);
  return Number(count) * unitMs;
}

const moment = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
