import { asciiDomain } from './domain.ts';
import type { MethodResult, Property } from './authentication-results.ts';

/** What was found out about who sent a letter. As JSON, part of its transport record. */
export type SenderAuthentication = {
  readonly spf: SpfFinding;
  /** One for each signature that was looked at; none where the letter has none. */
  readonly dkim: readonly DkimFinding[];
  /** One for each domain in `From:`, in a proper letter exactly one. */
  readonly dmarc: readonly DmarcFinding[];
  readonly arc: ArcFinding;
};

/** RFC 7208 section 2.6. */
export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';

export type SpfFinding = {
  readonly result: SpfResult;
  /** The identity that was checked: HELO for the null sender (RFC 7208 section 2.4). */
  readonly identity: 'mailfrom' | 'helo';
  /** Its domain, as A-labels; for HELO what the client said. */
  readonly domain: string;
  readonly reason: string | null;
};

/** RFC 8601 section 2.7.1. */
export type DkimResult = 'none' | 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror';

export type DkimFinding = {
  readonly result: DkimResult;
  /** `d=` of the signature. */
  readonly domain: string;
  readonly selector: string;
  /** `rsa-sha256`, `ed25519-sha256` (RFC 8463 section 3). */
  readonly algorithm: string;
  /** The beginning of the signature, which tells it from others of the same key (RFC 6008 section 3). */
  readonly signature: string;
  readonly reason: string | null;
};

/** The results of RFC 9989 section 9.1. */
export type DmarcFinding = {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror' | 'permerror';
  /** The domain of `From:`. */
  readonly domain: string;
  /** What that domain, or the one above it, asks to be done with letters that fail; null where it asks nothing. */
  readonly policy: 'none' | 'quarantine' | 'reject' | null;
  readonly reason: string | null;
};

/** RFC 8617 section 4.4. */
export type ArcFinding = {
  readonly result: 'none' | 'pass' | 'fail';
  /** The domain of the newest seal; null where there is none. */
  readonly sealer: string | null;
  /** What the newest sealer says it found of DMARC; null where it says nothing, or the chain does not hold. */
  readonly dmarc: string | null;
  /** The address of the client (RFC 8617 section 6). */
  readonly clientAddress: string;
  readonly reason: string | null;
};

/** As much of a signature as is told: who makes up two that begin alike further is not helped to tell them apart. */
const mostOfSignature = 80;

/** The beginning of a signature that no other of these has, eight characters at least (RFC 6008 section 4). */
export function tellingPart(signature: string, others: readonly string[]): string {
  let length = 8;
  for (const other of others) {
    if (other === signature) continue;
    while (
      length < mostOfSignature &&
      length < signature.length &&
      other.startsWith(signature.slice(0, length))
    )
      length += 1;
  }
  return signature.slice(0, length);
}

/** The findings as the results of an Authentication-Results field (RFC 8601 section 2.7). */
export function methodResults({ spf, dkim, dmarc, arc }: SenderAuthentication): readonly MethodResult[] {
  const results: MethodResult[] = [line('spf', spf, property('smtp', spf.identity, asciiDomain(spf.domain)))];
  if (dkim.length === 0) results.push({ method: 'dkim', result: 'none', reason: null, properties: [] });
  for (const one of dkim) {
    const { domain, selector, algorithm, signature } = one;
    results.push(
      line(
        'dkim',
        one,
        property('header', 'd', asciiDomain(domain)),
        property('header', 's', asciiDomain(selector)),
        property('header', 'a', algorithm),
        property('header', 'b', signature),
      ),
    );
  }
  for (const one of dmarc) {
    const policy = one.policy === null ? [] : [property('policy', 'dmarc', one.policy)];
    results.push(line('dmarc', one, ...policy, property('header', 'from', asciiDomain(one.domain))));
  }
  results.push(line('arc', arc, property('smtp', 'remote-ip', arc.clientAddress)));
  return results;
}

const line = (
  method: string,
  { result, reason }: { readonly result: string; readonly reason: string | null },
  ...properties: readonly Property[]
): MethodResult => ({ method, result, reason, properties: properties.filter(({ value }) => value !== '') });

const property = (type: string, name: string, value: string): Property => ({ type, name, value });
