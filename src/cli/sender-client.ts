import type { Command } from 'commander';
import { clientCommand, type ClientOptions } from './menu/client-options.ts';
import { runDialogue } from './menu/run-dialogue.ts';
import { senderDialogue } from './menu/sender-dialogue.ts';

/** `letterlock senderclient`: the interactive client that sends letters. */
export const senderClientCommand = (): Command =>
  clientCommand('senderclient', 9000, 'send letters step by step, at a terminal, over TLS 1.3').action(
    (options: ClientOptions) => runDialogue(options, senderDialogue),
  );
