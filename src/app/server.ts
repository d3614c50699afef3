import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { asciiDomain, canonicalDomain } from '../mail/domain.ts';
import { systemClock } from '../net/clock.ts';
import type { Journal } from '../net/journal.ts';
import { parseNameServer, systemNameServers } from '../net/resolver-servers.ts';
import { ensureDevelopmentCertificates, explainAuthorityRefusal } from '../net/tls/authority.ts';
import type { Secret } from '../sasl/exchange.ts';
import { openSqliteStore } from '../store/sqlite/client.ts';
import { startStoreThread, type StoreThread } from '../store/sqlite/open.ts';
import { defaultLimits } from '../smtp/limits.ts';
import type { Config } from './config.ts';
import { HouseRefused, openCertificate, type HouseSetup } from './house.ts';
import type { LogSettings } from './log.ts';
import type { OpenDoor } from './protocol-thread.ts';
import { recipientsOf } from './config-recipients.ts';
import { retentionOf } from './config-store.ts';
import { submissionRulesOf } from './config-submission.ts';
import { throttleOf } from './config-throttle.ts';
import { serverSecret } from './server-secret.ts';
import { openHere, openThreads } from './threads.ts';
import { tidyInBackground } from './tidying.ts';
import { tokenIssuerSetup } from './token-issuer.ts';

/** A server that runs. */
export type Server = {
  readonly doors: readonly OpenDoor[];
  /** The authority that a client must trust to verify this server; null where the operator brought a certificate. */
  readonly authority: string | null;
  readonly reload: () => Promise<string | null>;
  /** Stops taking connections, lets what is under way end for `graceMs`, closes the store. */
  readonly close: (graceMs: number) => Promise<void>;
  /** Resolves when a thread that the server cannot do without has ended by itself. */
  readonly broken: Promise<Error>;
};

export type ServerOptions = {
  readonly config: Config;
  readonly journal: Journal;
  readonly log: LogSettings;
  /** Whether every SMTP command and reply is logged. */
  readonly trace: boolean;
  /** Asks a person for the pass phrase of a key; null where nobody is there. */
  readonly askPassphrase: ((keyFile: string) => Promise<Secret | null>) | null;
};

/**
 * So much memory of a thread the letters may take that own people send, as much those of other servers, as much those
 * that are appended, and as much those that are read; always two of the longest.
 */
const roomBytes = 134_217_728;

/**
 * Opens the store, then the certificates, then the doors. Rejects with `HouseRefused` where a person must change
 * something, and then nothing is left open; a data folder that is refused is left as it was.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, journal, log } = options;
  const opened = await startStoreThread(config.data, { compression: config.store.compression });
  if (!opened.ok) throw new HouseRefused(opened.refusal.message);
  const storeThread = opened.value;
  try {
    const { setup, authority } = await setupOf(options);
    const count = threadCount(config.threads);
    const threads =
      count === 1
        ? await openHere(setup, config.data, storeThread, journal)
        : await openThreads(setup, config.data, storeThread, log, count);
    const tidying = tidyStore(config, storeThread, journal);
    return {
      doors: threads.doors,
      authority,
      reload: threads.reload,
      close: async (graceMs) => {
        await Promise.all([threads.close(graceMs), tidying.stop()]);
        await storeThread.close();
      },
      broken: Promise.race([
        threads.broken,
        storeThread.ended.then((error) => error ?? new Error('the store thread ended')),
      ]),
    };
  } catch (error) {
    await storeThread.close();
    throw error;
  }
}

/** Lets go of what has been gone for long enough, as a client of the store thread beside the protocol threads. */
function tidyStore(
  config: Config,
  storeThread: StoreThread,
  journal: Journal,
): { stop: () => Promise<void> } {
  const store = openSqliteStore({ folder: config.data, door: storeThread.connect() });
  const retention = retentionOf(config.store);
  const { stop } = tidyInBackground({ store, retention, clock: systemClock, journal });
  return {
    stop: async () => {
      await stop();
      await store.close();
    },
  };
}

/** One protocol thread beside the store thread serves two cores best; from four on, half of them. */
const threadCount = (threads: Config['threads']): number =>
  threads === 'auto' ? Math.max(1, Math.floor(availableParallelism() / 2)) : threads;

async function setupOf({
  config,
  trace,
  askPassphrase,
}: ServerOptions): Promise<{ setup: HouseSetup; authority: string | null }> {
  const { listen, limits } = config;
  const { tls, authority } = await tlsOf(config, askPassphrase);
  const recipients = recipientsOf(config);
  if (!recipients.ok)
    throw new HouseRefused(`${recipients.refusal.path.join('.')}: ${recipients.refusal.detail}`);
  const place = (door: (typeof listen)['https']): HouseSetup['doors']['https'] =>
    door.enabled ? { address: door.address, port: door.port, shared: false } : null;
  const setup: HouseSetup = {
    host: config.host,
    domains: config.domains.map(canonicalDomain),
    doors: {
      submissions: place(listen.submissions),
      submission: place(listen.submission),
      exchanger: place(listen.exchanger),
      lmtp: lmtpPlace(listen.lmtp),
      imap: place(listen.imap),
      pop3: place(listen.pop3),
      pop3Stls: place(listen.pop3_stls),
      https: place(listen.https),
    },
    tls,
    enrolment: {
      open: config.enrolment.open,
      password: config.enrolment.password,
      perNetworkHour: config.profile === 'classic' ? 100 : 10,
    },
    submission: submissionRulesOf(config.submission),
    recipients: recipients.value,
    exchanger: exchangerOf(config),
    lmtp: lmtpOf(config),
    imap: {
      idleMs: config.imap.idle_seconds * 1000,
      reusable: config.imap.unauthenticate,
      compressible: config.imap.compress,
    },
    pop3: { idleMs: config.pop3.idle_seconds * 1000 },
    admission: admissionOf(config),
    trust: trustOf(config),
    throttle: throttleOf(config.throttle),
    limits: {
      ...defaultLimits,
      messageBytes: limits.message_bytes,
      recipients: limits.recipients,
      commandLineBytes: limits.command_line_bytes,
      authLineBytes: limits.auth_line_bytes,
      errors: limits.errors,
      failedLogins: limits.failed_logins,
      idleCommands: limits.idle_commands,
      transactions: limits.transactions,
    },
    idleMs: limits.idle_seconds * 1000,
    roomBytes: Math.max(roomBytes, 2 * limits.message_bytes),
    mailBeforeAuth: config.profile === 'classic' ? 503 : 530,
    trace,
    ticketKey: new Uint8Array(randomBytes(48)),
    secret: await serverSecret(config.data),
    tokenIssuer: await tokenIssuerSetup(config.oauth),
  };
  return { setup, authority };
}

function exchangerOf({ host, exchanger, dns }: Config): HouseSetup['exchanger'] {
  const named = dns.servers.map(parseNameServer).filter((server) => server !== null);
  return {
    authservId: exchanger.authserv_id ?? host,
    waitMs: exchanger.authentication_seconds * 1000,
    rules: {
      dmarcReject: exchanger.dmarc_reject,
      dmarcQuarantine: exchanger.dmarc_quarantine,
      spfFail: exchanger.spf_fail,
      temporary: exchanger.temporary,
      trustedSealers: exchanger.trusted_sealers.map((domain) => asciiDomain(domain).toLowerCase()),
    },
    nameServers: named.length > 0 ? named : systemNameServers(),
  };
}

function lmtpPlace(door: Config['listen']['lmtp']): HouseSetup['doors']['lmtp'] {
  const { enabled, address, port, socket, socket_mode: mode } = door;
  if (!enabled) return null;
  return socket === null
    ? { address, port, shared: false }
    : { path: socket, mode: Number.parseInt(mode, 8) };
}

const lmtpOf = ({ host, exchanger, lmtp }: Config): HouseSetup['lmtp'] => ({
  clients: lmtp.clients,
  protection: lmtp.tls === 'required' ? 'required' : 'not-required',
  ownReports: lmtp.trusted_results ? null : (exchanger.authserv_id ?? host),
});

const admissionOf = ({ limits, access }: Config): HouseSetup['admission'] => ({
  limits: {
    connections: limits.connections,
    connectionsPerAddress: limits.connections_per_address,
    connectionsPerNetwork: limits.connections_per_network,
    connectionsPerMinute: limits.connections_per_minute,
  },
  banned: access.banned,
});

/** Whose word each door takes for who connects. */
function trustOf({ access, listen }: Config): HouseSetup['trust'] {
  const { proxies, xclient, proxy_seconds: seconds } = access;
  const own = Object.entries(listen).map(([name, door]): [string, readonly string[]] => [
    name,
    door.proxies === 'access' ? proxies : door.proxies,
  ]);
  return { proxies: new Map(own), proxyWaitMs: seconds * 1000, xclient };
}

/** The certificate that the operator brought, or the development one, made where it is missing. */
async function tlsOf(
  config: Config,
  ask: ServerOptions['askPassphrase'],
): Promise<{ tls: HouseSetup['tls']; authority: string | null }> {
  const {
    certificate,
    key,
    passphrase_file: passphraseFile,
    client_certificates: clientCertificates,
  } = config.tls;
  if (certificate !== null && key !== null) {
    const clientAuthority = config.tls.client_ca;
    const files = { certificate, key, passphrase: config.passphrase, passphraseFile, ask };
    const own = await openCertificate(files, { clientCertificates, clientAuthority });
    const passphrase = own.passphrase?.reveal() ?? null;
    return {
      tls: { certificate, key, passphrase, passphraseFile, clientCertificates, clientAuthority },
      authority: null,
    };
  }
  const made = await ensureDevelopmentCertificates(join(config.data, 'tls'), { host: config.host });
  if (!made.ok) throw new HouseRefused(explainAuthorityRefusal(made.refusal));
  const { authority, server } = made.value;
  const clientAuthority = config.tls.client_ca ?? authority;
  const own = await openCertificate(
    { ...server, passphrase: config.passphrase, passphraseFile, ask },
    { clientCertificates, clientAuthority },
  );
  return {
    tls: {
      ...server,
      passphrase: own.passphrase?.reveal() ?? null,
      passphraseFile,
      clientCertificates,
      clientAuthority,
    },
    authority,
  };
}
