import { constants, createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { SecureContextOptions, Server, TlsOptions } from 'node:tls';
import { ok, refused } from '../../result.ts';
import type { Result } from '../../result.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { loadAuthorities, loadCertificate } from './certificate-files.ts';
import type { CertificateFiles, CertificateRefusal, LoadedCertificate } from './certificate-files.ts';

/**
 * The key-agreement groups that are offered and taken. The first is post-quantum and set apart by the slash: a client
 * that knows it and has guessed another is asked for it (RFC 8446 section 4.1.4). Among the others its guess is taken.
 */
export const groups = 'X25519MLKEM768/X25519:P-256:P-384';

/**
 * How either side may sign: nothing over SHA-1 (RFC 9155 section 4) or SHA-224 (RFC 8446 section 4.2.3), which TLS 1.2
 * would still take. The question mark lets an OpenSSL that does not know a kind of key go on without it.
 */
const signatureAlgorithms = [
  '?mldsa44:?mldsa65:?mldsa87:ed25519:ed448',
  'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512',
  'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512',
  'rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512',
  'rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512',
].join(':');

/** How long a peer may take to finish a handshake, milliseconds. */
export const handshakeTimeoutMs = 30_000;

/** What a server wants of its clients' certificates. `ask` takes an unknown one as if there were none. */
export type ClientCertificates = 'off' | 'ask' | 'require';

/** How a door speaks TLS. */
export type ServerPolicy = {
  /** TLSv1.2 only where a stranger's mail exchanger needs it; nothing older anywhere (RFC 8996 section 5). */
  readonly minVersion: 'TLSv1.3' | 'TLSv1.2';
  readonly clientCertificates: ClientCertificates;
  /** A PEM file of the authorities that clients' certificates are verified with; null trusts none. */
  readonly clientAuthority: string | null;
  /** Application protocols taken by ALPN, preferred first; null leaves ALPN unanswered (RFC 7301 section 3.2). */
  readonly applicationProtocols: readonly string[] | null;
  /** 48 octets that seal session tickets: the same in every thread, so that each resumes the others' sessions. */
  readonly tickets: Buffer | 'off';
  /** How long a client may take for a handshake, milliseconds; `handshakeTimeoutMs` where left out, and at the most. */
  readonly handshakeMs?: number;
};

/** What a door is set up with: `tls.createServer(options)`, and the same for each reload. */
export type ServerTlsOptions = TlsOptions & SecureContextOptions;

/**
 * Node's options for a server with this certificate and policy. `authorities` is the text of the policy's
 * `clientAuthority`. A session ticket made under another certificate, authority or policy is not resumed.
 */
function serverOptions(
  own: LoadedCertificate,
  policy: ServerPolicy,
  authorities: string | null,
): ServerTlsOptions {
  return {
    cert: own.certificatePem,
    key: own.keyPem,
    ...(own.passphrase === null ? {} : { passphrase: own.passphrase.reveal() }),
    minVersion: policy.minVersion,
    ecdhCurve: groups,
    sigalgs: signatureAlgorithms,
    honorCipherOrder: true,
    handshakeTimeout: Math.min(handshakeTimeoutMs, policy.handshakeMs ?? handshakeTimeoutMs),
    requestCert: policy.clientCertificates !== 'off',
    rejectUnauthorized: policy.clientCertificates === 'require',
    // Without a list of its own Node would trust every public authority to vouch for a client.
    ca: authorities === null ? [] : [authorities],
    ...(policy.applicationProtocols === null ? {} : { ALPNProtocols: [...policy.applicationProtocols] }),
    sessionIdContext: sessionContext(own, policy, authorities),
    ...(policy.minVersion === 'TLSv1.2' ? { ciphers: ciphersDownTo12 } : {}),
    // A client of TLS 1.2 could have the server compute handshakes as often as it likes (RFC 9325 section 3.5).
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION | (policy.tickets === 'off' ? constants.SSL_OP_NO_TICKET : 0),
    ...(policy.tickets === 'off' ? {} : { ticketKeys: policy.tickets }),
  };
}

/** TLS 1.2 is spoken with forward secrecy and authenticated encryption only (RFC 9325 section 4.2). */
const ciphersDownTo12 =
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20';

/** What a session is bound to (32 octets at most): a ticket is resumed only where all of this is the same. */
function sessionContext(own: LoadedCertificate, policy: ServerPolicy, authorities: string | null): string {
  const { minVersion, clientCertificates } = policy;
  const bound = JSON.stringify([own.sha256, minVersion, clientCertificates, authorities]);
  return createHash('sha256').update(bound).digest('hex').slice(0, 32);
}

/** A server's certificate in use: taken from files, and taken again when they change, without a restart. */
export class CertificateSource {
  readonly #files: CertificateFiles;
  readonly #policy: ServerPolicy;
  readonly #clock: Clock;
  readonly #servers = new Set<Server>();
  #loaded: Loaded;
  /** What the files looked like before they were last read, whatever became of it. */
  #seen: string;
  #swappedAt: number;
  #lastReload: Promise<unknown> = Promise.resolve();

  private constructor(setup: Setup, loaded: Loaded, seen: string) {
    this.#files = setup.files;
    this.#policy = setup.policy;
    this.#clock = setup.clock;
    this.#loaded = loaded;
    this.#seen = seen;
    this.#swappedAt = -Infinity;
  }

  /** Reads and checks the files for the first time. */
  static async open(
    files: CertificateFiles,
    policy: ServerPolicy,
    clock: Clock = systemClock,
  ): Promise<Result<CertificateSource, CertificateRefusal>> {
    const setup: Setup = { files, policy, clock };
    const seen = await lookAt(watched(setup));
    const loaded = await load(setup);
    return loaded.ok ? ok(new CertificateSource(setup, loaded.value, seen)) : loaded;
  }

  /** The certificate that new connections get. */
  get certificate(): LoadedCertificate {
    return this.#loaded.own;
  }

  /** Options for `tls.createServer`; then `attach` the server, so that a reload reaches it. */
  get options(): ServerTlsOptions {
    return this.#loaded.options;
  }

  /**
   * The own certificate's fingerprint for `tlsFacts`, which then need not ask OpenSSL. Undefined for a while after
   * a reload: a handshake that began before it still shows the certificate before.
   */
  get knownFingerprint(): string | undefined {
    const settled = this.#clock.monotonic() - this.#swappedAt > 2 * handshakeTimeoutMs;
    return settled ? this.#loaded.own.sha256 : undefined;
  }

  /** Reloads reach this server until it closes. It must have been made with `options`. */
  attach(server: Server): void {
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
  }

  /** Whether the files look different from when they were last read. Cheap: a stat each. */
  async changed(): Promise<boolean> {
    return (await lookAt(watched({ files: this.#files, policy: this.#policy }))) !== this.#seen;
  }

  /**
   * Reads the files again. A good pair is used for every handshake from now on, and open connections stay; with a bad
   * one nothing changes, and the refusal says why. A pass phrase that was typed at the start is used again, never
   * asked for.
   */
  async reload(): Promise<Result<LoadedCertificate, CertificateRefusal>> {
    // One after the other: of two at once, the one that read the older files must not be the last to swap.
    const turn = this.#lastReload.then(() => this.#reloadNow());
    this.#lastReload = turn.catch(() => undefined);
    return turn;
  }

  async #reloadNow(): Promise<Result<LoadedCertificate, CertificateRefusal>> {
    const known = this.#loaded.own.passphrase;
    const files: CertificateFiles = {
      ...this.#files,
      ask: this.#files.ask ? () => Promise.resolve(known) : null,
    };
    const setup: Setup = { files, policy: this.#policy, clock: this.#clock };
    this.#seen = await lookAt(watched(setup));
    const loaded = await load(setup);
    if (!loaded.ok) return loaded;
    this.#loaded = loaded.value;
    this.#swappedAt = this.#clock.monotonic();
    for (const server of this.#servers) server.setSecureContext(loaded.value.options);
    return ok(loaded.value.own);
  }
}

type Setup = { readonly files: CertificateFiles; readonly policy: ServerPolicy; readonly clock: Clock };
type Loaded = { readonly own: LoadedCertificate; readonly options: ServerTlsOptions };

async function load(setup: Setup): Promise<Result<Loaded, CertificateRefusal>> {
  const { files, policy, clock } = setup;
  const own = await loadCertificate(files, clock);
  if (!own.ok) return own;
  let authorities: string | null = null;
  if (policy.clientCertificates !== 'off' && policy.clientAuthority !== null) {
    const text = await loadAuthorities(policy.clientAuthority);
    if (!text.ok) return text;
    authorities = text.value;
  }
  const options = serverOptions(own.value, policy, authorities);
  const refusal = tryContext(files.certificate, options);
  return refusal === null ? ok({ own: own.value, options }) : refused(refusal);
}

/** OpenSSL has the last word on what it uses (key sizes, chains); better asked now than at the first connection. */
function tryContext(file: string, options: ServerTlsOptions): CertificateRefusal | null {
  try {
    createSecureContext(options);
    return null;
  } catch (error) {
    return { why: 'unusable', file, detail: error instanceof Error ? error.message : String(error) };
  }
}

function watched(setup: Pick<Setup, 'files' | 'policy'>): readonly string[] {
  const { certificate, key, passphraseFile } = setup.files;
  return [certificate, key, passphraseFile, setup.policy.clientAuthority].filter(
    (path) => typeof path === 'string',
  );
}

/** What the files look like from outside: changes when one is written, replaced or removed. */
async function lookAt(paths: readonly string[]): Promise<string> {
  const looks = paths.map(async (path) => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  });
  return (await Promise.all(looks)).join('\n');
}
