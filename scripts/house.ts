/**
 * The house as data: which part of `src` may know which other part, and what each may take from Node and from npm.
 * `check-layers.ts` holds the sources to it; `docs/ARCHITECTURE.md` draws it. Type imports count like any other.
 */

export type Part = {
  /** Folders, or files where a part is one file, relative to `src`. The longest match decides. */
  readonly at: readonly string[];
  /** The other parts that it may import. A part may always import itself and `result.ts`. */
  readonly knows: readonly string[];
  /** Pure: no socket, file, timer, database, clock, randomness or environment. */
  readonly pure: boolean;
};

const engines = ['smtp', 'imap', 'pop3', 'jmap'] as const;
const decided = [
  'bytes',
  'mail',
  'sasl',
  'passport',
  'accounts',
  'store/port',
  'queue',
  'queue/schedule',
] as const;
const stores = ['store/port', 'store', 'store/memory', 'store/sqlite', 'store/postgres'] as const;
const keptByStores = ['mail', 'passport', 'sasl'] as const;
const belowNet = [...decided, ...engines, ...stores, 'policy'] as const;
const belowApp = [...belowNet, 'net'] as const;

const pure = (at: string, ...knows: readonly string[]): Part => ({ at: [at], knows, pure: true });
const part = (at: readonly string[], ...knows: readonly string[]): Part => ({ at, knows, pure: false });

/** The parts by name, foundation first. An arrow may only point to a part that stands above in this table. */
export const parts: ReadonlyMap<string, Part> = new Map<string, Part>([
  ['result', pure('result.ts')],
  ['bytes', pure('bytes')],
  ['mail', pure('mail', 'bytes')],
  ['sasl', pure('sasl', 'bytes')],
  ['smtp', pure('smtp', 'bytes', 'mail', 'sasl')],
  ['imap', pure('imap', 'bytes', 'mail', 'sasl')],
  ['pop3', pure('pop3', 'bytes', 'mail', 'sasl')],
  ['passport', pure('passport', 'mail')],
  [
    'store/port',
    part(['store/port.ts', 'store/port', 'store/contract.ts', 'store/contract'], ...keptByStores),
  ],
  ['jmap', pure('jmap', 'mail', 'store/port')],
  // What the implementations share stands in `store` itself; what is one implementation's stands in its folder.
  ['store', part(['store'], 'store/port', ...keptByStores)],
  ['store/memory', part(['store/memory'], 'store', 'store/port', ...keptByStores)],
  ['store/sqlite', part(['store/sqlite'], 'store', 'store/port', ...keptByStores)],
  ['store/postgres', part(['store/postgres'], 'store', 'store/port', ...keptByStores)],
  ['accounts', part(['accounts'], 'sasl', 'store/port', 'mail')],
  ['queue/schedule', pure('queue/schedule', 'mail')],
  ['queue', part(['queue'], 'queue/schedule', 'smtp', 'store/port', 'mail')],
  ['policy', part(['policy'], 'smtp', 'imap', 'pop3', ...decided.filter((name) => name !== 'bytes'))],
  ['net', part(['net'], ...belowNet)],
  ['app/config', part(['app/config'], ...belowApp)],
  ['app', part(['app'], ...belowApp, 'app/config')],
  ['cli', part(['cli'], ...belowApp, 'app/config', 'app')],
  // The web page talks JMAP over the network: from the rest it takes types, and nothing that runs.
  ['webmail', part(['webmail'])],
]);

/** Parts whose types, and only types, another part may import. */
export const typesOnly: ReadonlyMap<string, readonly string[]> = new Map([
  ['webmail', ['jmap', 'mail', 'passport']],
]);

/** Files that only the named files, and tests, may import. */
export const privateFiles: readonly { readonly file: string; readonly only: RegExp; readonly why: string }[] =
  [
    {
      file: 'net/exposed.ts',
      only: /^cli\/proof(?:-[\w-]+)?\.ts$|^cli\/proof\//,
      why: 'the plain door is for the proof alone',
    },
  ];

/** What pure parts may take from Node. */
export const pureModules: ReadonlySet<string> = new Set(['node:buffer', 'node:string_decoder', 'node:util']);

/** The hashing of `node:crypto` that two pure parts may use: deterministic, one and all. */
export const hashing: { readonly parts: readonly string[]; readonly names: readonly string[] } = {
  parts: ['sasl', 'passport'],
  names: ['createHash', 'createHmac', 'hash', 'pbkdf2Sync', 'timingSafeEqual'],
};

/** Modules of Node that have one home; anything not named here is open to every part that is not pure. */
export const moduleHomes: ReadonlyMap<string, readonly string[]> = new Map([
  ...['net', 'tls', 'http', 'http2', 'https', 'dgram', 'dns', 'dns/promises', 'inspector', 'quic'].map(
    (name): [string, string[]] => [`node:${name}`, ['net']],
  ),
  ['node:sqlite', ['store/sqlite']],
  ...['fs', 'fs/promises'].map((name): [string, string[]] => [
    `node:${name}`,
    ['store/sqlite', 'net', 'app', 'app/config', 'cli'],
  ]),
  ['node:worker_threads', ['store/sqlite', 'net', 'app', 'cli']],
  ['node:child_process', ['cli']],
  // The log loads its layout for people at a terminal at once or not at all.
  ['node:module', ['app']],
  ['node:readline', ['cli']],
  ['node:readline/promises', ['cli']],
  ...['cluster', 'repl', 'vm', 'test', 'test/reporters', 'assert', 'assert/strict', 'punycode'].map(
    (name): [string, string[]] => [`node:${name}`, []],
  ),
]);

/** The npm packages and the parts that each serves. A package without a line here has no place in the house. */
export const packageHomes: ReadonlyMap<string, readonly string[]> = new Map([
  ['@hono/node-server', ['net']],
  ['@mongodb-js/saslprep', ['sasl']],
  ['@peculiar/x509', ['net']],
  ['commander', ['cli']],
  ['dns-packet', ['net']],
  ['hono', ['net']],
  ['htmlparser2', ['mail']],
  ['iconv-lite', ['mail']],
  ['ipaddr.js', ['accounts', 'policy', 'net', 'app/config']],
  // It asks the DNS through the resolver that it is given, and knows no socket of its own.
  ['mailauth', ['policy']],
  ['jose', ['accounts']],
  ['pg', ['store/postgres']],
  ['pino', ['app']],
  ['pino-pretty', ['app']],
  ['reflect-metadata', ['net']],
  ['smol-toml', ['app/config']],
  ['toml-eslint-parser', ['app/config']],
  ['tr46', ['mail']],
  ['zod', ['app/config', 'app']],
]);

/** Where production code may read the clock, and the environment. Paths relative to `src`. */
export const clockFile = 'net/clock.ts';
export const environmentFiles: RegExp = /^app\/config(?:\.ts|-[\w-]+\.ts|\/)/;

/**
 * Whether a file serves tests only, by its name or because it imports Node's test runner: it is exempt from the house's
 * rules, production code must not import it, and the package leaves it out.
 */
export function servesTests(path: string, specifiers: readonly (string | null)[]): boolean {
  if (/\.(?:test|child)\.ts$|^store\/contract(?:\.ts$|\/)/.test(path)) return true;
  return specifiers.includes('node:test') || specifiers.includes('node:assert/strict');
}

/** The name of the part that a file belongs to (`path` relative to `src`), null for one outside the house. */
export function partOf(path: string): string | null {
  let best: { name: string; length: number } | null = null;
  for (const [name, { at }] of parts) {
    for (const place of at) {
      const inside = path === place || path.startsWith(`${place}/`) || isSplitOf(path, place);
      if (inside && place.length > (best?.length ?? -1)) best = { name, length: place.length };
    }
  }
  return best?.name ?? null;
}

/** `app/config-defaults.ts` and `queue/schedule.ts` belong to the parts `app/config` and `queue/schedule`. */
function isSplitOf(path: string, place: string): boolean {
  if (!place.includes('/') || !path.startsWith(place)) return false;
  return /^(?:-[\w-]+)?(?:\.test)?\.ts$/.test(path.slice(place.length));
}
