import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Contender } from '../contender.ts';
import { Wire } from '../wire.ts';
import { haraka } from './haraka-package.ts';

/** What is called of Haraka's modules. */
type Connection = {
  process_data(chunk: Buffer): void;
  readonly transaction: { data_bytes: number; discard_data: boolean } | null;
};
type Hooks = {
  registered_plugins: Record<string, unknown>;
  registered_hooks: Record<string, unknown[]>;
};
type Modules = {
  readonly connect: (client: Wire, server: object) => Connection;
  readonly parse: (kind: 'mail' | 'rcpt', text: string, strict: boolean) => string[];
  readonly Address: new (path: string, options: object) => { readonly user: string | null };
};

/** Haraka, or why it cannot be had. Its first use installs it, which is said. */
export function loadHaraka(): Contender | { readonly name: string; readonly missing: string } {
  try {
    return contender(load(haraka.home()));
  } catch (error) {
    return {
      name: `Haraka ${haraka.version}`,
      missing: error instanceof Error ? error.message : String(error),
    };
  }
}

function load(home: string): Modules {
  // It finds its default configuration by this, and says nothing of what it loads.
  process.env['HARAKA'] = home;
  process.env['HARAKA_LOGS_SUPPRESS'] = '1';
  const its = createRequire(join(home, 'package.json'));
  const logger = its('./logger.js') as { loglevel: number; levels: { EMERG: number } };
  const plugins = its('./plugins.js') as Hooks;
  const constants = its('haraka-constants') as { ok: number };
  const connection = its('./connection.js') as { createConnection: Modules['connect'] };
  const utils = its('haraka-utils') as { rfc1869: { parse: Modules['parse'] } };
  const address = its('@haraka/email-address') as Pick<Modules, 'Address'>;
  logger.loglevel = logger.levels.EMERG;
  const yes = (next: (verdict: number, text: string) => void): void => next(constants.ok, 'client.example');
  plugins.registered_plugins['yes'] = { name: 'yes', timeout: 0, yes };
  for (const hook of ['lookup_rdns', 'mail', 'rcpt', 'queue'])
    plugins.registered_hooks[hook] = [{ plugin: 'yes', method: 'yes', priority: 0, timeout: 0 }];
  return { connect: connection.createConnection, parse: utils.rfc1869.parse, Address: address.Address };
}

const contender = ({ connect, parse, Address }: Modules): Contender => ({
  name: `Haraka ${haraka.version}`,
  transactions: {
    does:
      'the same but for the login; reads the header, adds Received, keeps the letter line by line, and runs the hooks ' +
      'of plugins (one for each question, which says yes); no log, no DNS',
    open: async () => (await open(connect)).wire.say,
  },
  commands: {
    does: 'the addresses; takes the parameters apart without a look at them',
    open: (mail, rcpt) => () => {
      for (const [kind, line] of [
        ['mail', mail],
        ['rcpt', rcpt],
      ] as const) {
        const [path = ''] = parse(kind, line.toString().slice(5), false);
        if (new Address(path, { postel: false }).user === null) throw new Error('Haraka reads no address');
      }
    },
  },
  bodies: {
    does: 'takes the text apart into lines, looks for the end and a bare LF; keeps nothing here, and leaves dots in',
    open: async () => {
      const { wire, connection } = await open(connect);
      for (const line of ['MAIL FROM:<nu1@447.edu>', 'RCPT TO:<nu2@447.edu>', 'DATA'])
        await wire.say(Buffer.from(`${line}\r\n`), 1);
      connection.process_data(Buffer.from('Subject: text\r\n\r\n'));
      return (chunk) => {
        const { transaction } = connection;
        if (transaction === null) throw new Error('Haraka ended the transaction under measurement');
        transaction.discard_data = true;
        // Past its limit it would look at nothing any more.
        transaction.data_bytes = 0;
        connection.process_data(chunk);
      };
    },
  },
});

async function open(connect: Modules['connect']): Promise<{ wire: Wire; connection: Connection }> {
  const wire = new Wire();
  const greeted = wire.greeted();
  const connection = connect(wire, { address: () => ({ address: '127.0.0.1', port: 25 }), notes: {} });
  await greeted;
  await wire.say(Buffer.from('EHLO client.example\r\n'), 1);
  return { wire, connection };
}
