import { complain, interruptedStatus } from '../complain.ts';
import { portOf, type ClientOptions } from './client-options.ts';
import { openIdentity, type Identity } from './identity.ts';
import { unbracketed } from '../unbracketed.ts';
import { Terminal } from './terminal.ts';

/** What a dialogue gets from the command line. */
export type DialogueSetup = {
  readonly terminal: Terminal;
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly identity: Identity;
};

/** Runs a client's dialogue at the terminal of this process, and gives the terminal back whatever happens. */
export function runDialogue(
  options: ClientOptions,
  dialogue: (setup: DialogueSetup) => Promise<number>,
): Promise<void> {
  return complain(async () => {
    const port = portOf(options);
    const identity = await openIdentity(options);
    // The terminal or the pipe is gone, and nobody reads any more.
    process.stdout.once('error', () => process.exit(1));
    const terminal = new Terminal({
      input: process.stdin,
      output: process.stdout,
      errors: process.stderr,
      interrupted: () => process.exit(interruptedStatus),
    });
    const { domain } = options;
    const host = unbracketed(options.host);
    try {
      process.exitCode = await dialogue({ terminal, host, port, domain, identity });
    } finally {
      terminal.close();
    }
  });
}
