import type { Command } from 'commander';
import { clientCommand, type ClientOptions } from './menu/client-options.ts';
import { receiverDialogue } from './menu/receiver-dialogue.ts';
import { runDialogue } from './menu/run-dialogue.ts';

/** `letterlock receiverclient`: the interactive client that reads letters. */
export const receiverClientCommand = (): Command =>
  clientCommand('receiverclient', 9100, 'read your letters, at a terminal, over HTTPS').action(
    (options: ClientOptions) => runDialogue(options, receiverDialogue),
  );
