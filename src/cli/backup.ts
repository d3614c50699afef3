import path from 'node:path';
import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { systemClock } from '../net/clock.ts';
import { backUp } from '../store/sqlite/backup.ts';
import { restore, type RestoreRefusal } from '../store/sqlite/restore.ts';
import { hasStore, missingStore } from './account-store.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { counted, shownBytes } from './figures.ts';
import { defused } from './menu/defused.ts';

/** `letterlock backup`: adds a backup of the data folder, also while the server runs. */
export function backupCommand(): Command {
  return new Command('backup')
    .description(
      'add a backup of the data folder to a folder, also while the server runs; without a word if all is well',
    )
    .argument('<target>', 'the folder of the backups; made where it is absent')
    .option('--verbose', 'say what was kept', false)
    .option('--config <file>', 'the configuration of the server')
    .action((target: string, options: { config?: string; verbose: boolean }) =>
      complain(async () => {
        const config = await configured(options.config);
        if (!hasStore(config, 'read')) throw missingStore(config);
        const place = path.resolve(target);
        if (`${place}${path.sep}`.startsWith(`${config.data}${path.sep}`))
          throw new HouseRefused(
            `${place} is in the data folder: name a folder elsewhere, best on another disk`,
          );
        const { name, bytes, written } = await backUp(config.data, place, systemClock.now());
        if (options.verbose)
          process.stdout.write(`${name}: ${shownBytes(bytes)}, of which ${shownBytes(written)} are new.\n`);
      }),
    );
}

/** `letterlock restore`: makes a data folder out of a backup. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('make a data folder out of a backup, and verify it')
    .argument('<target>', 'the folder of the backups')
    .requiredOption('--data <folder>', 'the data folder to make; absent or empty')
    .option(
      '--at <date>',
      'the newest backup of that day or moment (UTC) or before, as 2026-11-24 or 2026-11-24T22:15',
    )
    .action((target: string, options: { data: string; at?: string }) =>
      complain(async () => {
        const until = options.at === undefined ? null : parseUntil(options.at);
        const restored = restore(path.resolve(target), path.resolve(options.data), until);
        if (!restored.ok) throw new HouseRefused(explain(restored.refusal, target, options.data));
        const { at, audit } = restored.value;
        process.stdout.write(
          `${options.data} is as it was at ${at}, and in order: ${counted(audit.accounts, 'account')}, ${counted(audit.letters, 'letter')}.\n`,
        );
      }),
    );
}

function explain(refusal: RestoreRefusal, target: string, data: string): string {
  switch (refusal.why) {
    case 'no-backup':
      return `there is no such backup in ${target}`;
    case 'not-empty':
      return `${data} is there already and not empty; a backup is restored into a folder of its own`;
    case 'no-manifest':
      return `the manifest of the backup in ${target} is damaged; --at names an earlier one`;
    case 'newer':
      return `the backup in ${target} was written by a newer Letterlock`;
    case 'damaged':
      return `nothing was restored:\n            ${refusal.wrong.map(defused).join('\n            ')}`;
  }
}

/** The last millisecond that the text means; throws `HouseRefused` where it means none. */
export function parseUntil(text: string): number {
  const [, day, hour, minute, second] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d)[:-](\d\d)(?:[:-](\d\d)(?:\.\d+)?)?Z?)?$/.exec(text) ?? [];
  const full = `${day}T${hour ?? '23'}:${minute ?? '59'}:${second ?? '59'}.999Z`;
  const at = Date.parse(full);
  if (day === undefined || Number.isNaN(at))
    throw new HouseRefused(`${JSON.stringify(text)} is no date: give 2026-11-24 or 2026-11-24T22:15`);
  return at;
}
