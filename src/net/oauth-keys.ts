import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { FetchKeys, KeySet } from '../accounts/issuer-keys.ts';
import type { Journal } from './journal.ts';

/** Where an issuer's keys are published: in a file that the operator keeps, or at an address of the issuer. */
export type KeySource =
  | { readonly from: 'file'; readonly file: string }
  | {
      readonly from: 'url';
      /** `https:` only. */
      readonly url: string;
      /** PEM of the authorities that may vouch for the issuer's server; null for the public ones. */
      readonly authorities: string | null;
    };

/** How long an issuer may take for its keys: a client waits at AUTH meanwhile. */
const answerMs = 5000;
/** A set of keys has some kilobytes. */
const mostBytes = 1_048_576;

/**
 * Reads an issuer's JSON Web Key Set (RFC 7517 section 5), anew at each call. Rejects where it cannot be had, which the
 * journal then knows; what stands in the set is looked at by whoever uses it.
 */
export function issuerKeys(source: KeySource, journal: Journal, timeoutMs: number = answerMs): FetchKeys {
  const where = source.from === 'file' ? source.file : source.url;
  return async () => {
    try {
      const bytes = source.from === 'file' ? await readFile(source.file) : await get(source, timeoutMs);
      const keys = parseKeySet(bytes);
      journal.debug('oauth.keys', { from: where, keys: keys.keys.length });
      return keys;
    } catch (error) {
      journal.warn('oauth.no-keys', { from: where, error });
      throw error;
    }
  };
}

function parseKeySet(bytes: Buffer): KeySet {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  const isSet = typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);
  if (!isSet) throw new Error('it is no JSON Web Key Set');
  return value as KeySet;
}

/** One GET over TLS 1.2 or 1.3. A redirection is not followed: the address is the operator's word. */
async function get(source: KeySource & { from: 'url' }, timeoutMs: number): Promise<Buffer> {
  const url = new URL(source.url);
  if (url.protocol !== 'https:') throw new Error('keys are fetched over https only');
  const signal = AbortSignal.timeout(timeoutMs);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url, {
      method: 'GET',
      headers: { accept: 'application/jwk-set+json, application/json', 'user-agent': 'Letterlock' },
      agent: false,
      minVersion: 'TLSv1.2',
      ...(source.authorities === null ? {} : { ca: source.authorities }),
      signal,
    });
    asked.once('response', resolve).once('error', reject).end();
  });
  try {
    if (answer.statusCode !== 200) throw new Error(`the issuer answered ${answer.statusCode}`);
    return await wholeBody(answer);
  } finally {
    answer.destroy();
  }
}

async function wholeBody(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) throw new Error(`the issuer's answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}
