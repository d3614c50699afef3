import { Readable } from 'node:stream';
import type {
  DNSResolver,
  ARCSigningData,
  DKIMResult as MailauthSignature,
  DKIMVerifyResult,
} from 'mailauth';
import { formatAddress } from '../mail/address.ts';
import { asciiDomain } from '../mail/domain.ts';
import type { Header } from '../mail/header.ts';
import { tellingPart } from '../mail/sender-authentication.ts';
import type {
  ArcFinding,
  DkimFinding,
  DkimResult,
  DmarcFinding,
  SenderAuthentication,
  SpfFinding,
  SpfResult,
} from '../mail/sender-authentication.ts';
import type { Envelope } from '../smtp/session.ts';
import type { Content, Visit } from './reception.ts';
import { BudgetedResolver, type Budget, type Resolve } from './sender-authentication-budget.ts';
import { verifiedView } from './sender-authentication-view.ts';

export type SenderAuthenticatorParts = {
  readonly resolve: Resolve;
  /** This server's host name. */
  readonly host: string;
  /** How long the authentication of one letter may wait for the DNS, in all; 10 s where nothing is said. */
  readonly waitMs?: number;
};

const defaultWaitMs = 10_000;

/** Questions for one letter: the ten terms of SPF with ten hosts each (RFC 7208 section 4.6.4), and what else it takes. */
const lookups = { spf: 110, dkim: 20, arc: 60, dmarc: 100 } as const;
/** Domains in `From:` whose policies are looked up. A proper letter has one. */
const mostAuthors = 10;
/** RFC 8301 section 3.2. */
const leastKeyBits = 1024;

/** The verifiers, loaded with the first letter: that takes a third of a second. */
let verifiers: Promise<Verifiers> | null = null;
type Verifiers = Awaited<ReturnType<typeof loadVerifiers>>;

async function loadVerifiers() {
  const [{ dkimVerify }, { spf }, { arc }, { evaluateDmarc }] = await Promise.all([
    import('mailauth/lib/dkim/verify.js'),
    import('mailauth/lib/spf/index.js'),
    import('mailauth/lib/arc/index.js'),
    import('mailauth/lib/dmarc/index.js'),
  ]);
  return { dkimVerify, spf, arc, evaluateDmarc };
}

/** A letter whose sender is in question. `header` is its whole header. */
export type Suspect = {
  readonly envelope: Envelope;
  readonly visit: Visit;
  readonly header: Header;
  readonly content: Content;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
};

/**
 * Finds out who sent a letter: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989) and ARC (RFC 8617). A trouble of the DNS
 * is a finding, `temperror`. Rejects for faults only. What a letter makes this do is bounded: signatures, questions, and
 * the time that their answers may take. Each part has its own share, so that a letter that spends one of them on names of
 * its own cannot keep another domain's policy from being found.
 */
export class SenderAuthenticator {
  readonly #parts: SenderAuthenticatorParts;

  constructor(parts: SenderAuthenticatorParts) {
    this.#parts = parts;
  }

  async authenticate(suspect: Suspect): Promise<SenderAuthentication> {
    verifiers ??= loadVerifiers();
    const loaded = await verifiers;
    const waitMs = (this.#parts.waitMs ?? defaultWaitMs) / 2;
    const [spf, signed] = await Promise.all([
      this.#within({ lookups: lookups.spf, waitMs }, (resolve) =>
        this.#spf(loaded, suspect, resolve, waitMs),
      ),
      this.#within({ lookups: lookups.dkim, waitMs }, (resolve) =>
        verifySignatures(loaded, suspect, resolve),
      ),
    ]);
    const dkim = dkimFindings(signed);
    const clientAddress = clientAddressOf(suspect.visit);
    const [arc, dmarc] = await Promise.all([
      this.#within({ lookups: lookups.arc, waitMs }, (resolve) =>
        arcFinding(loaded, signed, clientAddress, resolve),
      ),
      this.#within({ lookups: lookups.dmarc, waitMs }, (resolve) =>
        dmarcFindings(loaded, { signed, spf, dkim }, resolve),
      ),
    ]);
    return { spf, dkim, dmarc, arc };
  }

  async #within<Value>(budget: Budget, work: (resolve: DNSResolver) => Promise<Value>): Promise<Value> {
    const resolver = new BudgetedResolver(this.#parts.resolve, budget);
    try {
      return await work(resolver.resolve as DNSResolver);
    } finally {
      resolver.end();
    }
  }

  async #spf(
    loaded: Verifiers,
    { envelope, visit }: Suspect,
    resolver: DNSResolver,
    waitMs: number,
  ): Promise<SpfFinding> {
    const { sender, client } = envelope;
    const checked = await loaded.spf({
      // The local part matters to macros only; the domain is what is asked for.
      ...(sender === null
        ? {}
        : { sender: formatAddress({ ...sender, domain: asciiDomain(sender.domain) }) }),
      ip: clientAddressOf(visit),
      helo: client.name,
      mta: this.#parts.host,
      resolver,
      strict: true,
      maxElapsedTime: waitMs,
    });
    const result = oneOf(spfResults, checked.status.result, 'temperror');
    return {
      result,
      identity: sender === null ? 'helo' : 'mailfrom',
      domain: sender === null ? client.name : asciiDomain(sender.domain).toLowerCase(),
      reason: spfReason(result, checked.status.comment),
    };
  }
}

/** The address of the client without the zone of a link-local one. */
const clientAddressOf = ({ endpoints }: Visit): string => endpoints.remoteAddress.split('%', 1)[0] ?? '';

const spfResults: readonly SpfResult[] = [
  'none',
  'neutral',
  'pass',
  'fail',
  'softfail',
  'temperror',
  'permerror',
];
const dkimResults: readonly DkimResult[] = [
  'none',
  'pass',
  'fail',
  'policy',
  'neutral',
  'temperror',
  'permerror',
];
const dmarcResults: readonly DmarcFinding['result'][] = ['none', 'pass', 'fail', 'temperror', 'permerror'];
const policies: readonly ('none' | 'quarantine' | 'reject')[] = ['none', 'quarantine', 'reject'];

const oneOf = <Word extends string, Other>(
  words: readonly Word[],
  word: string | undefined,
  other: Other,
): Word | Other => words.find((one) => one === word) ?? other;

/** Only what the result does not say by itself. */
const spfReason = (result: SpfResult, comment: string | undefined): string | null =>
  (result === 'permerror' || result === 'temperror') && comment !== undefined ? lastOf(comment) : null;

/** `host: long words: the point` */
const lastOf = (comment: string): string => comment.slice(comment.lastIndexOf(': ') + 1).trim();

async function verifySignatures(
  loaded: Verifiers,
  { header, content, receivedAt }: Suspect,
  resolver: DNSResolver,
): Promise<DKIMVerifyResult> {
  const view = verifiedView(header, content);
  // All at once, so that the wait for one signature's key takes nothing from another's.
  for (const name of view.keyNames) resolver(name, 'TXT').catch(() => {});
  return loaded.dkimVerify(Readable.from(view.pieces(), { objectMode: true }), {
    resolver,
    strict: true,
    minBitLength: leastKeyBits,
    curTime: new Date(receivedAt),
  });
}

function dkimFindings(signed: DKIMVerifyResult): readonly DkimFinding[] {
  const found = signed.results.filter(({ status }) => status.result !== 'none');
  const signatures = found.map(({ signature }) => signature ?? '');
  return found.map((one) => dkimFinding(one, tellingPart(one.signature ?? '', signatures)));
}

function dkimFinding(found: MailauthSignature, signature: string): DkimFinding {
  const { status } = found;
  const inPart = status.result === 'pass' && (status.underSized ?? 0) > 0;
  return {
    // RFC 6376 section 8.2: what stands behind the signed part of the body could be anybody's.
    result: inPart ? 'policy' : oneOf(dkimResults, status.result, 'neutral'),
    domain: (found.signingDomain ?? '').toLowerCase(),
    selector: found.selector ?? '',
    algorithm: found.algo ?? '',
    signature,
    reason: inPart
      ? 'part of the body is not signed'
      : (status.comment ?? status.policy?.['dkim-rules'] ?? null),
  };
}

async function arcFinding(
  loaded: Verifiers,
  signed: DKIMVerifyResult,
  clientAddress: string,
  resolver: DNSResolver,
): Promise<ArcFinding> {
  const none = { result: 'none', sealer: null, dmarc: null, clientAddress, reason: null } as const;
  const data = signed.arc;
  if (data === undefined || (data.chain === false && data.error === undefined)) return none;
  const checked = await loaded.arc(
    { ...data, chain: data.chain === false ? [] : data.chain },
    { resolver, strict: true, minBitLength: leastKeyBits, ip: clientAddress },
  );
  const result = oneOf(['none', 'pass', 'fail'] as const, checked.status.result, 'fail');
  const said: unknown = checked.authenticationResults?.['dmarc']?.result;
  return {
    ...none,
    result,
    sealer: sealerOf(data),
    dmarc: result === 'pass' && typeof said === 'string' ? said : null,
    reason: result === 'fail' ? (checked.status.comment ?? null) : null,
  };
}

function sealerOf({ lastEntry }: ARCSigningData): string | null {
  const domain: unknown = lastEntry?.['arc-seal']?.parsed?.['d']?.value;
  return typeof domain === 'string' ? domain.toLowerCase() : null;
}

type Identities = {
  readonly signed: DKIMVerifyResult;
  readonly spf: SpfFinding;
  readonly dkim: readonly DkimFinding[];
};

/**
 * DMARC for the domain in `From:`. A letter with several of them, or with several such fields, shows its reader one and
 * could have another checked, so each is checked for itself (RFC 9989 section 11.5).
 */
async function dmarcFindings(
  loaded: Verifiers,
  identities: Identities,
  resolver: DNSResolver,
): Promise<readonly DmarcFinding[]> {
  const { headerFrom, fromFields } = identities.signed;
  const first = await loaded.evaluateDmarc({
    ...dmarcQuestion(identities, resolver),
    headerFrom,
    fromFields,
  });
  if (first.response !== false) return [dmarcFinding(first.response, identities)];
  const authors = first.authorDomains ?? [];
  const reason = (first.reason ?? 'no author').replaceAll('-', ' ');
  if (authors.length === 0) return [{ result: 'permerror', domain: '', policy: null, reason }];
  if (authors.length > mostAuthors) {
    return [{ result: 'permerror', domain: authors[0] ?? '', policy: 'reject', reason }];
  }
  return Promise.all(
    authors.map(async (author) => {
      const one = await loaded.evaluateDmarc({
        ...dmarcQuestion(identities, resolver),
        headerFrom: [`x@${author}`],
        fromFields: 1,
      });
      if (one.response === false)
        return { result: 'permerror', domain: author, policy: null, reason } as const;
      return { ...dmarcFinding(one.response, identities), reason };
    }),
  );
}

const dmarcQuestion = ({ spf, dkim }: Identities, resolver: DNSResolver) => ({
  spfDomains: spf.result === 'pass' ? [spf.domain] : [],
  dkimDomains: dkim.filter(({ result }) => result === 'pass').map(({ domain }) => ({ domain })),
  resolver,
  strict: true,
});

type DmarcResponse = Exclude<Awaited<ReturnType<Verifiers['evaluateDmarc']>>['response'], false>;

function dmarcFinding(response: DmarcResponse, { spf, dkim }: Identities): DmarcFinding {
  const { status, alignment } = response;
  const domain = (status.header?.from ?? response.domain).toLowerCase();
  const result = oneOf(dmarcResults, status.result, 'temperror');
  const policy = oneOf(policies, response.policy, null);
  if (result !== 'fail') return { result, domain, policy, reason: response.error ?? null };
  const aligns = (other: string, strict: boolean): boolean =>
    other === domain || (!strict && (other === response.domain || other.endsWith(`.${response.domain}`)));
  const unknown =
    (spf.result === 'temperror' && aligns(spf.domain, alignment.spf.strict)) ||
    dkim.some((one) => one.result === 'temperror' && aligns(one.domain, alignment.dkim.strict));
  // What might have passed, had the DNS answered, has not failed.
  return unknown
    ? { result: 'temperror', domain, policy, reason: 'an aligned identity could not be checked' }
    : { result, domain, policy, reason: null };
}
