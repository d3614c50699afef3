import { Command } from 'commander';
import type { Server } from '../app/server.ts';
import { formatPlace } from '../net/door.ts';
import type { Config } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { runServer } from './run-server.ts';

/** `letterlock serve`: the server with every door that the configuration opens. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('start the server: every door that the configuration opens')
    .option('--config <file>', 'the configuration, TOML; every key has a default')
    .option('--trace', 'log every SMTP command and reply, secrets masked', false)
    .action((options: { config?: string; trace: boolean }) =>
      complain(async () => {
        const config = await configured(options.config);
        mustHaveDoor(config);
        await runServer(config, options.trace, (server) => howToReach(config, options.config, server));
      }),
    );
}

/** Throws `HouseRefused` for a configuration that opens no door: such a server would wait for nobody. */
export function mustHaveDoor({ listen }: Config): void {
  const doors = Object.entries(listen);
  if (doors.some(([, { enabled }]) => enabled)) return;
  const names = doors.map(([name]) => `listen.${name}`).join(', ');
  throw new HouseRefused(`every door is disabled (${names}): enable at least one`);
}

/** A word as a shell takes it, quoted where it has to be. */
export const shellWord = (word: string): string =>
  /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const explanations = new Map([
  ['submissions', 'send mail, TLS from the first byte (curl smtps://…)'],
  ['submission', 'send mail, STARTTLS (curl --ssl-reqd smtp://…)'],
  ['exchanger', 'mail from other servers, STARTTLS'],
  ['lmtp', 'letters from a mail server of this house, LMTP'],
  ['imap', 'read letters with a mail program, IMAP, TLS from the first byte'],
  ['pop3', 'fetch letters by POP3, TLS from the first byte (curl pop3s://…)'],
  ['pop3_stls', 'fetch letters by POP3, STLS (curl --ssl-reqd pop3://…)'],
  ['https', 'read letters (curl https://…/letters/ADDRESS)'],
]);

function howToReach(config: Config, file: string | undefined, server: Server): string {
  const doors = server.doors.map(
    (door) =>
      `  ${door.name.padEnd(12)} ${formatPlace(door).padEnd(22)} ${explanations.get(door.name) ?? ''}`,
  );
  const trust =
    server.authority === null ? [] : [`  Clients trust    ${server.authority} (the development authority)`];
  return [
    `Letterlock serves ${config.domains.join(', ')} as ${config.host}`,
    ...doors,
    `  Letters are in   ${config.data}`,
    ...trust,
    `  Make an account  bin/letterlock account add ADDRESS${file === undefined ? '' : ` --config ${shellWord(file)}`}`,
    '  Ctrl-C stops it in good order',
  ].join('\n');
}
