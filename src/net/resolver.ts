import type { DecodedPacket } from 'dns-packet';
import type { Clock } from './clock.ts';
import { ResolverCache } from './resolver-cache.ts';
import { askByDatagram, askByStream } from './resolver-exchange.ts';
import { ResolverFault, type ResolverFaultCode } from './resolver-fault.ts';
import {
  mostAliases,
  questionName,
  readResponse,
  respell,
  type Query,
  type Reading,
  type RecordType,
  type RecordValue,
} from './resolver-message.ts';
import { isLoopback, type NameServer } from './resolver-servers.ts';

export type ResolverParts = {
  /** Recursive servers, asked in turn; at least one. */
  readonly servers: readonly NameServer[];
  readonly clock: Clock;
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly limits?: Partial<ResolverLimits>;
};

export type ResolverLimits = {
  /** How long one server is waited for, once. */
  readonly waitMs: number;
  /** How often a question is put, all servers together. */
  readonly tries: number;
  /** How long a question may take, with all its tries and aliases. */
  readonly budgetMs: number;
  /** Questions under way at once; each has a socket. */
  readonly underWay: number;
  /** Answers that are remembered. */
  readonly remembered: number;
};

const defaultLimits: ResolverLimits = {
  waitMs: 1500,
  tries: 4,
  budgetMs: 8000,
  underWay: 500,
  remembered: 10_000,
};

/** The answer to a question. */
export type Lookup = {
  readonly records: readonly RecordValue[];
  /**
   * Whether a server on this machine says that DNSSEC vouches for it (the AD bit, RFC 4035 section 3.2.3). What comes over
   * a network could have been changed on the way, so there it is never believed.
   */
  readonly authenticated: boolean;
};

/** What is remembered of a question. */
type Remembered =
  | { readonly is: 'found'; readonly lookup: Lookup }
  | { readonly is: 'missing'; readonly code: ResolverFaultCode };

type Outcome = { readonly reading: Reading; readonly authenticated: boolean };

/** A zone may not have an answer remembered for longer than this, nor a missing name for longer than that. */
const longestSeconds = 3600;
const longestNegativeSeconds = 300;
/** A question that failed is not put again at once (RFC 9520 section 3.2). */
const failureSeconds = 2;

/**
 * Asks the DNS (RFC 1035 section 7): over UDP, over TCP where an answer does not fit, at the next server where one is
 * silent. What was learned is remembered for as long as the zone allows, and a question that is under way is not put twice.
 */
export class Resolver {
  readonly #servers: readonly NameServer[];
  readonly #clock: Clock;
  readonly #random: (bytes: number) => Uint8Array;
  readonly #limits: ResolverLimits;
  readonly #remembered: ResolverCache<Remembered>;
  readonly #underWay = new Map<string, Promise<Lookup>>();

  constructor({ servers, clock, random, limits }: ResolverParts) {
    if (servers.length === 0) throw new Error('a resolver needs a name server');
    this.#servers = servers;
    this.#clock = clock;
    this.#random = random;
    this.#limits = { ...defaultLimits, ...limits };
    this.#remembered = new ResolverCache(this.#limits.remembered, () => clock.monotonic());
  }

  /** The records of a name (ASCII, A-labels), at least one. Rejects with a `ResolverFault`. */
  lookup(name: string, type: RecordType): Promise<Lookup> {
    const asked = questionName(name);
    if (asked === null) return Promise.reject(new ResolverFault('EBADNAME', name));
    const key = `${type} ${asked}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return this.#recall(known, key);
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    if (this.#underWay.size >= this.#limits.underWay)
      return Promise.reject(new ResolverFault('EOVERLOADED', key));
    const lookup = this.#search(asked, type, key).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, lookup);
    return lookup;
  }

  /** The records alone, in the shapes and with the error codes of `resolve` of `node:dns/promises`. */
  readonly resolve = async (name: string, type: string): Promise<RecordValue[]> => {
    if (!isRecordType(type)) throw new ResolverFault('EBADRESP', `${type} ${name}`);
    return [...(await this.lookup(name, type)).records];
  };

  #recall(known: Remembered, key: string): Promise<Lookup> {
    return known.is === 'found'
      ? Promise.resolve(known.lookup)
      : Promise.reject(new ResolverFault(known.code, key));
  }

  /** Follows aliases from response to response. */
  async #search(asked: string, type: RecordType, key: string): Promise<Lookup> {
    const deadline = this.#clock.monotonic() + this.#limits.budgetMs;
    const missing = (code: ResolverFaultCode, seconds: number, options?: ErrorOptions): ResolverFault => {
      this.#remembered.set(key, { is: 'missing', code }, Math.min(seconds, longestNegativeSeconds));
      return new ResolverFault(code, key, options);
    };
    let name = asked;
    let authenticated = true;
    let believedSeconds = longestSeconds;
    for (let aliases = 0; aliases <= mostAliases; aliases++) {
      const outcome = await this.#ask(name, type, deadline).catch((cause: unknown) => {
        throw missing(cause instanceof ResolverFault ? cause.code : 'ESERVFAIL', failureSeconds, { cause });
      });
      const { reading } = outcome;
      authenticated &&= outcome.authenticated;
      if ('ttlSeconds' in reading) believedSeconds = Math.min(believedSeconds, reading.ttlSeconds);
      switch (reading.is) {
        case 'records': {
          const lookup = { records: reading.records, authenticated };
          this.#remembered.set(key, { is: 'found', lookup }, believedSeconds);
          return lookup;
        }
        case 'alias':
          name = reading.name;
          continue;
        case 'no-name':
          throw missing('ENOTFOUND', believedSeconds);
        case 'no-data':
          throw missing('ENODATA', believedSeconds);
        case 'no-edns':
          throw missing('ESERVFAIL', failureSeconds);
        case 'failure':
          throw missing(reading.code, failureSeconds);
      }
    }
    throw missing('EBADRESP', failureSeconds);
  }

  /** Puts the question to one server after the other until one has something to say. */
  async #ask(name: string, type: RecordType, deadline: number): Promise<Outcome> {
    let last: ResolverFault | null = null;
    let edns = true;
    for (let attempt = 0; attempt < this.#limits.tries; attempt++) {
      const server = this.#servers[attempt % this.#servers.length];
      const waitMs = Math.min(this.#limits.waitMs, deadline - this.#clock.monotonic());
      if (server === undefined || waitMs <= 0) break;
      const query: Query = { id: this.#id(), name: respell(name, this.#random(32)), type, edns };
      try {
        const packet = await this.#exchange(query, server, waitMs, deadline);
        const reading = readResponse(packet, name, type);
        if (reading.is === 'no-edns' && edns) edns = false;
        else if (reading.is !== 'failure' && reading.is !== 'no-edns')
          return { reading, authenticated: packet.flag_ad && isLoopback(server) };
        last = new ResolverFault(reading.is === 'failure' ? reading.code : 'ESERVFAIL', `${type} ${name}`);
      } catch (fault) {
        if (!(fault instanceof ResolverFault)) throw fault;
        last = fault;
      }
    }
    throw last ?? new ResolverFault('ETIMEOUT', `${type} ${name}`);
  }

  async #exchange(
    query: Query,
    server: NameServer,
    waitMs: number,
    deadline: number,
  ): Promise<DecodedPacket> {
    const answer = await askByDatagram(query, server, waitMs);
    if (answer !== null) return answer;
    const leftMs = Math.min(this.#limits.waitMs, deadline - this.#clock.monotonic());
    return askByStream(query, server, Math.max(leftMs, 1));
  }

  #id(): number {
    const [high = 0, low = 0] = this.#random(2);
    return high * 256 + low;
  }
}

const recordTypes: ReadonlySet<string> = new Set<RecordType>([
  'A',
  'AAAA',
  'CNAME',
  'MX',
  'NS',
  'PTR',
  'TLSA',
  'TXT',
]);

const isRecordType = (type: string): type is RecordType => recordTypes.has(type);
