import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';
import { processEnvironment } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';
import { systemClock } from '../net/clock.ts';
import { ConnectionLost, type SmtpConnection } from '../net/smtp-client.ts';
import { openSender, type OpenRefusal } from '../net/smtp-sender.ts';
import {
  explainCertificateRefusal,
  loadAuthorities,
  loadCertificate,
  type LoadedCertificate,
} from '../net/tls/certificate-files.ts';
import { explainConnectRefusal } from '../net/tls/connect.ts';
import { tlsFactsLine } from '../net/tls/facts.ts';
import type { Credentials } from '../sasl/client.ts';
import { Secret, type Mechanism } from '../sasl/exchange.ts';
import { mechanismNamed } from '../sasl/mechanisms.ts';
import { askAtTerminal, askSecret } from './ask-secret.ts';
import { complain, parsePort } from './complain.ts';
import { defused } from './menu/defused.ts';
import { outgoingLetter, type LetterOptions } from './send-letter.ts';
import { replyLine, transfer } from './send-transfer.ts';

type Options = LetterOptions & {
  readonly server: string;
  readonly tls?: 'implicit' | 'starttls';
  readonly ca?: string;
  readonly user?: string;
  readonly passwordStdin?: true;
  readonly passwordEnv?: string;
  readonly tokenEnv?: string;
  readonly mechanism?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly trace?: true;
};

const more = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `letterlock send`: hands one letter in, over TLS 1.3 or not at all. */
export function sendCommand(): Command {
  return new Command('send')
    .description('send a letter, from a file or from the options, over TLS 1.3 and never without')
    .requiredOption('--server <host:port>', 'where the letter is handed in')
    .option('--file <file>', 'the whole letter; - is standard input')
    .option('--from <address>', 'whom it is from; of a file, the From field where left out')
    .option('--to <address>', 'who gets it, again for each; of a file, To and Cc where left out', more)
    .option('--cc <address>', 'who gets a copy, again for each', more)
    .option('--subject <text>', 'its subject')
    .option('--body <text>', 'its text, or @ and a file with it; @- is standard input')
    .option('--attach <file...>', 'files that go with it')
    .addOption(
      new Option(
        '--tls <how>',
        'TLS from the first byte, or by STARTTLS; by the port where left out',
      ).choices(['implicit', 'starttls']),
    )
    .option(
      '--ca <file>',
      'the authority that must vouch for the server, PEM; the public ones where left out',
    )
    .option('--user <name>', 'the account to log in to; its password is asked for at the terminal')
    .option('--password-stdin', 'take the password from the first line of standard input')
    .option('--password-env <name>', 'take the password from this environment variable')
    .option('--token-env <name>', 'log in with the access token in this environment variable')
    .option('--mechanism <name>', 'log in with this mechanism; the strongest where left out')
    .option('--certificate <file>', 'a client certificate, PEM, for EXTERNAL')
    .option('--key <file>', 'its private key, PEM')
    .option('--trace', 'show the dialogue on standard error, without secrets')
    .action((options: Options) => complain(() => send(options)));
}

async function send(options: Options): Promise<void> {
  const { host, port } = serverOf(options.server);
  const protection = options.tls ?? protectionOf(port);
  const own = await certificateOf(options);
  const mechanism = mechanismOf(options.mechanism);
  const credentials = await credentialsOf(options, mechanism, { host, port });
  const letter = await outgoingLetter(options);
  const authorities = options.ca === undefined ? null : await authoritiesOf(options.ca);
  const trace = (from: 'client' | 'server', line: string): void => {
    if (options.trace === true) process.stderr.write(`${from === 'client' ? 'C' : 'S'}: ${defused(line)}\n`);
  };
  try {
    const opened = await openSender({ host, port, protection, authorities, own, trace });
    if (!opened.ok) throw new HouseRefused(explainOpenRefusal(opened.refusal, { host, port, protection }));
    const { connection, facts } = opened.value;
    print(`Connected to ${options.server} (${protection === 'starttls' ? 'STARTTLS' : 'implicit TLS'}).`);
    print(`TLS: ${tlsFactsLine(facts)}`);
    print(`Server certificate: SHA-256 ${facts.peerCertificate?.sha256 ?? 'unknown'}`);
    try {
      if (credentials !== null) await logIn(connection, credentials, mechanism);
      const outcome = await transfer(connection, letter, print);
      if (outcome !== null) throw new HouseRefused(outcome);
    } finally {
      await connection.quit();
    }
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    throw new HouseRefused(`the connection is lost: ${defused(error.message)}`, { cause: error });
  }
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** `host:port`, `[address]:port` for IPv6. */
function serverOf(server: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):([0-9]+)$/.exec(server);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined)
    throw new HouseRefused(
      `--server ${JSON.stringify(server)}: give a host and a port, mail.example.org:465`,
    );
  return { host, port: parsePort(match?.[3] ?? '') };
}

function protectionOf(port: number): 'implicit' | 'starttls' {
  if (port === 465 || port === 4650) return 'implicit';
  if (port === 587 || port === 5870) return 'starttls';
  throw new HouseRefused(`nobody knows how port ${port} is protected: give --tls implicit or --tls starttls`);
}

async function authoritiesOf(file: string): Promise<string> {
  const authorities = await loadAuthorities(file);
  if (!authorities.ok) throw new HouseRefused(explainCertificateRefusal(authorities.refusal));
  return authorities.value;
}

async function certificateOf({ certificate, key }: Options): Promise<LoadedCertificate | null> {
  if (certificate === undefined && key === undefined) return null;
  if (certificate === undefined || key === undefined)
    throw new HouseRefused('--certificate and --key go together: give both or neither');
  const own = await loadCertificate({ certificate, key, ask: askSecret }, systemClock);
  if (!own.ok) throw new HouseRefused(explainCertificateRefusal(own.refusal));
  return own.value;
}

function mechanismOf(name: string | undefined): Mechanism | null {
  if (name === undefined) return null;
  const mechanism = mechanismNamed(name.toUpperCase());
  if (mechanism === null) throw new HouseRefused(`there is no mechanism ${JSON.stringify(name)} here`);
  return mechanism;
}

async function credentialsOf(
  options: Options,
  mechanism: Mechanism | null,
  server: { readonly host: string; readonly port: number },
): Promise<Credentials | null> {
  const { user = null, passwordEnv, tokenEnv } = options;
  const passwordStdin = options.passwordStdin === true;
  if (mechanism === 'EXTERNAL') {
    if (options.certificate === undefined) throw new HouseRefused('EXTERNAL needs --certificate and --key');
    return { user, certificate: 'presented' };
  }
  const isToken = mechanism === 'OAUTHBEARER' || mechanism === 'XOAUTH2';
  if (tokenEnv !== undefined) {
    if (mechanism !== null && !isToken) throw new HouseRefused(`${mechanism} takes no token`);
    return { user, token: variable(tokenEnv), server };
  }
  if (isToken) throw new HouseRefused(`${mechanism} needs --token-env`);
  if (passwordStdin && (options.file === '-' || options.body === '@-'))
    throw new HouseRefused('standard input is the letter already: give the password with --password-env');
  if (user === null) {
    if (passwordStdin || passwordEnv !== undefined || mechanism !== null)
      throw new HouseRefused('--user is missing: whose password is it?');
    return null;
  }
  if (passwordEnv !== undefined) return { user, password: variable(passwordEnv) };
  if (!passwordStdin) return { user, password: await askedFor(user) };
  const [line = ''] = (await text(process.stdin)).split(/\r?\n/, 1);
  if (line === '') throw new HouseRefused('standard input has no password on its first line');
  return { user, password: new Secret(line) };
}

async function askedFor(user: string): Promise<Secret> {
  const password = await askAtTerminal(`Password of ${defused(user)}: `);
  if (password === null || password.reveal() === '')
    throw new HouseRefused('--user needs a password: at the terminal, by --password-stdin or --password-env');
  return password;
}

function variable(name: string): Secret {
  const value = processEnvironment().variables[name];
  if (value === undefined || value === '') throw new HouseRefused(`the environment has no variable ${name}`);
  return new Secret(value);
}

async function logIn(
  connection: SmtpConnection,
  credentials: Credentials,
  named: Mechanism | null,
): Promise<void> {
  const mechanism = named ?? ('token' in credentials ? 'OAUTHBEARER' : null);
  const announced = (connection.extensions.get('AUTH') ?? []).map(mechanismNamed);
  if (mechanism !== null && !announced.includes(mechanism))
    throw new HouseRefused(`the server does not offer to log in with ${mechanism}`);
  const outcome =
    mechanism === null && 'password' in credentials
      ? await connection.authenticate(credentials.user, credentials.password, randomBytes)
      : await connection.authenticateBy(mechanism ?? 'EXTERNAL', credentials, randomBytes);
  if (!outcome.ok)
    throw new HouseRefused(
      outcome.refusal === 'no-mechanism'
        ? 'the server offers no way to log in that is known here'
        : 'the user name, the password or the token has characters that cannot be sent',
    );
  const { reply, failure } = outcome.value;
  if (failure !== null) throw new HouseRefused(`the login is not believed: ${failure}`);
  if (reply.code !== 235) throw new HouseRefused(`the login is refused: ${replyLine(reply)}`);
  print(`Logged in with ${outcome.value.mechanism}.`);
}

type Wanted = { readonly host: string; readonly port: number; readonly protection: 'implicit' | 'starttls' };

function explainOpenRefusal(refusal: OpenRefusal, { host, port, protection }: Wanted): string {
  switch (refusal.why) {
    case 'connect': {
      const { why } = refusal.refusal;
      const said = explainConnectRefusal(refusal.refusal, host, port);
      // A server that waits for a handshake says nothing to who waits for its greeting, and the other way round.
      if (protection === 'starttls' && (why === 'closed' || why === 'timeout'))
        return `${said}; does it want --tls implicit?`;
      return protection === 'implicit' && why === 'not-tls' ? `${said}; does it want --tls starttls?` : said;
    }
    case 'reply':
      return `the server refuses (${refusal.to}): ${replyLine(refusal.reply)}`;
    case 'no-starttls':
      return 'the server does not offer STARTTLS, and nothing is sent in the clear';
    case 'broken':
      return `the server is not to be trusted: ${defused(refusal.detail)}`;
  }
}
