import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TomlError, parse } from 'smol-toml';
import type { z } from 'zod';
import { ok, refused } from '../result.ts';
import type { Result } from '../result.ts';
import { Secret } from '../sasl/exchange.ts';
import { closestWord, formatKey } from './config-problem.ts';
import type { ConfigProblem, ConfigRefusal } from './config-problem.ts';
import type { Position } from './config-positions.ts';
import { isLoopback } from '../policy/networks.ts';
import { configSchema, fileKeys } from './config-schema.ts';
import type { ConfigKeys } from './config-schema.ts';
import { recipientsOf } from './config-recipients.ts';

/** The effective configuration: every key of the file, and what the environment adds. */
export type Config = ConfigKeys & {
  /** The pass phrase of the TLS key, out of the variable that `tls.passphrase_env` names. */
  readonly passphrase: Secret | null;
};

/** What a configuration takes from the process around it. */
export type ConfigEnvironment = {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What relative paths start from where no file is given: an absolute path. */
  readonly folder: string;
};

/** The environment of this process. */
export function processEnvironment(): ConfigEnvironment {
  return { variables: process.env, folder: process.cwd() };
}

/**
 * Reads a configuration file, or takes the defaults for `null`. Relative paths in the file start from its folder. A
 * refusal carries every problem, each with its line.
 */
export async function loadConfig(
  path: string | null,
  environment: ConfigEnvironment,
): Promise<Result<Config, ConfigRefusal>> {
  if (path === null) return parseConfig('', null, environment);
  const file = resolve(environment.folder, path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (error) {
    return refusal([problem('unreadable', path, `cannot be read: ${reasonOf(error)}`)]);
  }
  return parseConfig(text, path, environment);
}

/** The same for a text that is already at hand; `path` is where it came from, null for nowhere. */
export async function parseConfig(
  toml: string,
  path: string | null,
  environment: ConfigEnvironment,
): Promise<Result<Config, ConfigRefusal>> {
  const text = toml.replace(/^\ufeff/, '');
  const folder = path === null ? environment.folder : dirname(resolve(environment.folder, path));
  let table: Readonly<Record<string, unknown>>;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const detail = (error.message.split('\n', 1)[0] ?? '').replace('Invalid TOML document: ', '');
    return refusal([{ ...problem('syntax', path, detail), line: error.line, column: error.column }]);
  }
  const parsed = configSchema(table['profile'] === 'classic' ? 'classic' : 'standard').safeParse(table);
  const findings = [
    ...(parsed.success ? contradictions(parsed.data, environment) : parsed.error.issues.flatMap(findingsOf)),
    ...(await missingFiles(table, folder)),
  ];
  if (!parsed.success || findings.length > 0) return refusal(await place(findings, text, path));
  const config = resolvePaths(parsed.data, folder);
  const variable = config.tls.passphrase_env;
  const passphrase = variable === null ? null : new Secret(environment.variables[variable] ?? '');
  return ok({ ...config, passphrase });
}

/** A problem before its place in the file is looked up. */
type Finding = Pick<ConfigProblem, 'why' | 'detail'> & { readonly path: readonly PropertyKey[] };

function findingsOf(issue: z.core.$ZodIssue): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const meant = closestWord(key, known);
      const hint = meant === null ? `the keys here are ${known.join(', ')}` : `did you mean ${meant}?`;
      return { why: 'unknown-key', path: [...issue.path, key], detail: `unknown key, ${hint}` };
    });
  }
  const detail = issue.message
    .replace(/^Invalid (input|option): /, '')
    .replace(/^Too (big|small): expected \w+ to be <=/, 'expected at most ')
    .replace(/^Too (big|small): expected \w+ to be >=/, 'expected at least ')
    .replace(/ TomlDate$/, ' a date')
    .replaceAll('|', ' or ');
  return [{ why: 'wrong-value', path: issue.path, detail }];
}

/** The keys of the table at a path of the schema. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let defaults: unknown = configSchema('standard').parse({});
  for (const part of path) {
    defaults =
      typeof defaults === 'object' && defaults !== null
        ? new Map<PropertyKey, unknown>(Object.entries(defaults)).get(part)
        : null;
  }
  return typeof defaults === 'object' && defaults !== null ? Object.keys(defaults) : [];
}

/** What no single key shows: values that contradict each other, variables that are not there. */
function contradictions(config: ConfigKeys, environment: ConfigEnvironment): Finding[] {
  const findings: Finding[] = [];
  const { tls, listen } = config;
  if ((tls.certificate === null) !== (tls.key === null)) {
    const [there, missing] = tls.key === null ? ['certificate', 'key'] : ['key', 'certificate'];
    findings.push({ why: 'conflict', path: ['tls', there], detail: `needs tls.${missing} beside it` });
  }
  if (tls.passphrase_file !== null && tls.passphrase_env !== null) {
    const detail = 'cannot stand beside tls.passphrase_file';
    findings.push({ why: 'conflict', path: ['tls', 'passphrase_env'], detail });
  }
  if (tls.passphrase_env !== null && environment.variables[tls.passphrase_env] === undefined) {
    const detail = `the environment has no variable ${tls.passphrase_env}`;
    findings.push({ why: 'missing-variable', path: ['tls', 'passphrase_env'], detail });
  }
  if (tls.client_certificates === 'require' && tls.certificate !== null && tls.client_ca === null) {
    const detail = '"require" needs tls.client_ca beside a certificate of your own';
    findings.push({ why: 'conflict', path: ['tls', 'client_certificates'], detail });
  }
  findings.push(...oauthContradictions(config.oauth));
  const recipients = recipientsOf(config);
  if (!recipients.ok) findings.push(recipients.refusal);
  findings.push(...lmtpContradictions(config));
  const taken = new Map<string, string>();
  for (const [name, door] of Object.entries(listen)) {
    const { enabled, address, port } = door;
    if (!enabled || port === 0 || ('socket' in door && door.socket !== null)) continue;
    const other = taken.get(`${address} ${port}`);
    taken.set(`${address} ${port}`, name);
    if (other === undefined) continue;
    const detail = `is the port of listen.${other} already`;
    findings.push({ why: 'conflict', path: ['listen', name, 'port'], detail });
  }
  return findings;
}

/** What is handed over in the clear must not leave this machine. */
function lmtpContradictions({ listen, lmtp }: ConfigKeys): Finding[] {
  const { enabled, address, socket } = listen.lmtp;
  if (!enabled) return [];
  if (socket !== null)
    return lmtp.tls === 'required'
      ? [{ why: 'conflict', path: ['lmtp', 'tls'], detail: 'a Unix socket (listen.lmtp.socket) has no TLS' }]
      : [];
  if (isLoopback(address) || lmtp.tls === 'required') return [];
  const detail =
    'others can reach this address, and letters would cross the network in the clear: it needs lmtp.tls = "required"';
  return [{ why: 'conflict', path: ['listen', 'lmtp', 'address'], detail }];
}

/** An issuer needs a name for this server and one source of keys; keys and names need an issuer. */
function oauthContradictions(oauth: ConfigKeys['oauth']): Finding[] {
  const finding = (key: keyof ConfigKeys['oauth'], detail: string): Finding => ({
    why: 'conflict',
    path: ['oauth', key],
    detail,
  });
  const { issuer, audience, keys_url: url, keys_file: file, keys_ca: authorities } = oauth;
  if (issuer === null) {
    const lone = (['keys_url', 'keys_file', 'keys_ca', 'scope'] as const).find((key) => oauth[key] !== null);
    const key = lone ?? (audience.length > 0 ? 'audience' : null);
    return key === null ? [] : [finding(key, 'needs oauth.issuer beside it')];
  }
  const findings: Finding[] = [];
  if (audience.length === 0) findings.push(finding('issuer', 'needs oauth.audience beside it'));
  if (url === null && file === null)
    findings.push(finding('issuer', 'needs oauth.keys_url or oauth.keys_file beside it'));
  if (url !== null && file !== null)
    findings.push(finding('keys_file', 'cannot stand beside oauth.keys_url'));
  if (authorities !== null && url === null)
    findings.push(finding('keys_ca', 'needs oauth.keys_url beside it'));
  return findings;
}

/** Files that are named and not there; looked for in the table as it came, so that other problems hide none. */
async function missingFiles(table: Readonly<Record<string, unknown>>, folder: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const entries = (value: unknown): Map<string, unknown> =>
    new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  const sections = entries(table);
  for (const [section, key] of fileKeys) {
    const file = entries(sections.get(section)).get(key);
    if (typeof file !== 'string' || file === '' || file.includes('\0')) continue;
    const detail = await whyNoFile(resolve(folder, file));
    if (detail !== null) findings.push({ why: 'missing-file', path: [section, key], detail });
  }
  return findings;
}

async function whyNoFile(file: string): Promise<string | null> {
  try {
    return (await stat(file)).isDirectory() ? `${file} is a folder` : null;
  } catch (error) {
    return `${file}: ${reasonOf(error)}`;
  }
}

function resolvePaths(config: ConfigKeys, folder: string): ConfigKeys {
  const tls = { ...config.tls };
  const oauth = { ...config.oauth };
  const absolute = (path: string | null): string | null => (path === null ? null : resolve(folder, path));
  for (const [section, key] of fileKeys) {
    if (section === 'tls') tls[key] = absolute(tls[key]);
    else oauth[key] = absolute(oauth[key]);
  }
  const lmtp = { ...config.listen.lmtp, socket: absolute(config.listen.lmtp.socket) };
  return { ...config, data: resolve(folder, config.data), tls, oauth, listen: { ...config.listen, lmtp } };
}

/** Looks up where each finding stands, and puts them in the order of the file. */
async function place(
  findings: readonly Finding[],
  toml: string,
  file: string | null,
): Promise<ConfigProblem[]> {
  const { locateKeys } = await import('./config-positions.ts');
  let locate: (path: readonly PropertyKey[]) => Position | null = () => null;
  try {
    locate = locateKeys(toml);
  } catch {
    // A text that the one parser takes and the other does not: the problem is told without its line.
  }
  const placed = findings.map(({ why, path, detail }): ConfigProblem => {
    const at = locate(path);
    const key = path.length === 0 ? null : formatKey(path);
    return { why, file, line: at?.line ?? null, column: at?.column ?? null, key, detail };
  });
  return placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function problem(why: ConfigProblem['why'], file: string | null, detail: string): ConfigProblem {
  return { why, file, line: null, column: null, key: null, detail };
}

function refusal(problems: readonly ConfigProblem[]): Result<never, ConfigRefusal> {
  return refused({ why: 'configuration', problems });
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder; name the file in it';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8';
  return error instanceof Error ? error.message : String(error);
}
