import { Command } from 'commander';
import { formatPlace } from '../net/door.ts';
import { complain, parsePort } from './complain.ts';
import { classicFolder } from './classic-folder.ts';
import { configuredBy } from './configured.ts';
import { runServer } from './run-server.ts';
import { unbracketed } from './unbracketed.ts';

/** `letterlock senderserver`: the SMTP server of the classic programs. */
export const senderServerCommand = (): Command =>
  classicServer(
    'senderserver',
    'submissions',
    9000,
    'start the classic SMTP server, which takes letters over TLS 1.3',
  );

/** `letterlock receiverserver`: the HTTPS server of the classic programs. */
export const receiverServerCommand = (): Command =>
  classicServer('receiverserver', 'https', 9100, 'start the classic HTTPS server, which hands letters out');

type Options = {
  readonly port: string;
  readonly host: string;
  readonly data: string;
  readonly passphraseFile?: string;
  readonly passphraseEnv?: string;
  readonly certificate?: string;
  readonly key?: string;
};

function classicServer(
  name: string,
  door: 'submissions' | 'https',
  port: number,
  description: string,
): Command {
  return new Command(name)
    .description(description)
    .option('--port <number>', 'the port to listen at', String(port))
    .option('--host <address>', 'the address to listen at', '127.0.0.1')
    .option('--data <folder>', 'where accounts, letters and certificates are kept', classicFolder())
    .option('--certificate <file>', 'a certificate of your own, PEM')
    .option('--key <file>', 'its private key, PEM')
    .option('--passphrase-file <file>', 'what opens the key, where it is encrypted')
    .option('--passphrase-env <name>', 'the environment variable that opens it')
    .action((options: Options) => complain(() => run(name, door, options)));
}

async function run(name: string, door: 'submissions' | 'https', options: Options): Promise<void> {
  const config = await configuredBy(classicConfiguration(door, options), optionsBehind(door));
  await runServer(config, true, (server) => {
    const at = server.doors.map(formatPlace).join(', ');
    return `Letterlock ${name} listens at ${at} for ${config.domains.join(', ')}; letters are in ${config.data}. Ctrl-C stops it.`;
  });
}

/** The classic profile with one door open, as a configuration file would say it. */
function classicConfiguration(door: 'submissions' | 'https', options: Options): string {
  const quoted = (value: string): string => JSON.stringify(value);
  const at = `enabled = true, address = ${quoted(loopback(options.host))}, port = ${parsePort(options.port)}`;
  const open = (name: string): string => `${name} = { ${name === door ? at : 'enabled = false'} }`;
  const file = (key: string, path: string | undefined): string =>
    path === undefined ? '' : `${key} = ${quoted(path)}`;
  return [
    'profile = "classic"',
    `data = ${quoted(options.data)}`,
    '[listen]',
    open('submissions'),
    open('submission'),
    open('exchanger'),
    open('imap'),
    open('pop3'),
    open('https'),
    '[tls]',
    file('certificate', options.certificate),
    file('key', options.key),
    file('passphrase_file', options.passphraseFile),
    file('passphrase_env', options.passphraseEnv),
  ].join('\n');
}

/** The option behind each key of that configuration. */
const optionsBehind = (door: string): ReadonlyMap<string, string> =>
  new Map([
    ['data', '--data'],
    [`listen.${door}.address`, '--host'],
    ['tls.certificate', '--certificate'],
    ['tls.key', '--key'],
    ['tls.passphrase_file', '--passphrase-file'],
    ['tls.passphrase_env', '--passphrase-env'],
  ]);

/** `localhost` is a name for an address here; other names are left to the configuration to refuse. */
const loopback = (host: string): string => (host === 'localhost' ? '127.0.0.1' : unbracketed(host));
