import { Command } from 'commander';
import { HouseRefused } from '../../app/house.ts';
import { classicFolder } from '../classic-folder.ts';
import { parseRemotePort } from './remote-port.ts';

/** What the command line of an interactive client may say, as commander gives it. */
export type ClientOptions = {
  readonly host: string;
  readonly port: string;
  readonly domain: string;
  readonly data: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly passphraseFile?: string;
  readonly passphraseEnv?: string;
};

/** A sub-command with the options that both interactive clients take. */
export const clientCommand = (name: string, port: number, description: string): Command =>
  new Command(name)
    .description(description)
    .option('--host <name>', 'the machine that the server runs on', 'localhost')
    .option('--port <number>', 'the port that the server listens at', String(port))
    .option('--domain <name>', 'what is added to an address without a domain', '447.edu')
    .option('--data <folder>', 'the classic data folder; certificates are in its folder tls', classicFolder())
    .option('--ca <file>', 'the authority that must vouch for the server, PEM')
    .option('--certificate <file>', 'a client certificate of your own, PEM')
    .option('--key <file>', 'its private key, PEM')
    .option('--passphrase-file <file>', 'a file with what opens the key, where it is encrypted')
    .option('--passphrase-env <name>', 'the environment variable with what opens the key');

/** The port of the command line; throws `HouseRefused` where it is none. */
export function portOf(options: ClientOptions): number {
  const port = parseRemotePort(options.port);
  if (!port.ok) throw new HouseRefused(port.refusal);
  return port.value;
}
