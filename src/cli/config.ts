import { Command } from 'commander';
import { formatConfig } from '../app/config-text.ts';
import type { Config } from '../app/config.ts';
import { HouseRefused, openCertificate } from '../app/house.ts';
import { explainCertificateRefusal, loadAuthorities } from '../net/tls/certificate-files.ts';
import { hasStore } from './account-store.ts';
import { complain } from './complain.ts';
import { configured } from './configured.ts';
import { mustHaveDoor } from './serve.ts';

/** `letterlock config`: checks a configuration, and prints the effective one. */
export function configCommand(): Command {
  return new Command('config')
    .description('check a configuration file; with --print, show the effective configuration')
    .option('--config <file>', 'the configuration, TOML; every key has a default')
    .option('--print', 'print every key with its value and what it is for', false)
    .action((options: { config?: string; print: boolean }) =>
      complain(async () => {
        const config = await configured(options.config);
        if (options.print) {
          process.stdout.write(formatConfig(config));
          return;
        }
        const notes = await rehearse(config);
        const verdict =
          options.config === undefined
            ? 'Without a file the defaults hold; they are right.'
            : 'The configuration is right.';
        process.stdout.write([verdict, ...notes, ''].join('\n'));
      }),
    );
}

/**
 * Looks at what `serve` would open, without making anything or asking anybody. Gives what is left to say; throws
 * `HouseRefused` with what `serve` would refuse.
 */
async function rehearse(config: Config): Promise<readonly string[]> {
  mustHaveDoor(config);
  hasStore(config);
  const { certificate, key, passphrase_file: passphraseFile, client_ca: clientAuthority } = config.tls;
  if (clientAuthority !== null) {
    const authorities = await loadAuthorities(clientAuthority);
    if (!authorities.ok) throw new HouseRefused(explainCertificateRefusal(authorities.refusal));
  }
  if (certificate === null || key === null) return [];
  let asked = false;
  const ask = async (): Promise<null> => {
    asked = true;
    return null;
  };
  try {
    const clientCertificates = config.tls.client_certificates;
    await openCertificate(
      { certificate, key, passphrase: config.passphrase, passphraseFile, ask },
      { clientCertificates, clientAuthority },
    );
  } catch (error) {
    if (!asked || !(error instanceof HouseRefused)) throw error;
    return [`The key ${key} is encrypted: serve asks for its pass phrase, and needs a terminal for that.`];
  }
  return [];
}
