import { Command } from 'commander';
import { HouseRefused } from '../app/house.ts';
import { auditStore } from '../store/sqlite/audit.ts';
import { hasStore, missingStore } from './account-store.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { counted, shownBytes } from './figures.ts';
import { defused } from './menu/defused.ts';
import { progressLine } from './progress.ts';

/** `letterlock check`: verifies everything in a data folder, also while the server runs. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'verify the whole data folder, also while the server runs: counts, references, hashes, indexes',
    )
    .option('--config <file>', 'the configuration of the server')
    .action((options: { config?: string }) =>
      complain(async () => {
        const { data } = await configured(options.config);
        if (!hasStore({ data }, 'read')) throw missingStore({ data });
        checkFolder(data);
      }),
    );
}

/** Prints a line for each thing that is wrong with the data folder and sets the exit status, or prints what is there. */
export function checkFolder(folder: string): void {
  const { progress, end } = progressLine('Checking');
  let audit: ReturnType<typeof auditStore>;
  try {
    audit = auditStore(folder, progress);
  } catch (cause) {
    throw new HouseRefused(`${folder} cannot be checked: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  } finally {
    end();
  }
  const { wrong, accounts, letters, blobs, bytes } = audit;
  for (const line of wrong) process.stdout.write(`${defused(line)}\n`);
  if (wrong.length > 0) {
    process.exitCode = 1;
    return;
  }
  process.stdout.write(
    `${folder} is in order: ${counted(accounts, 'account')}, ${counted(letters, 'letter')}, ${shownBytes(bytes)} in ${counted(blobs, 'blob')}.\n`,
  );
}
