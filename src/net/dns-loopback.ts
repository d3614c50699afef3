import assert from 'node:assert/strict';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import {
  AUTHENTIC_DATA,
  decode,
  encode,
  TRUNCATED_RESPONSE,
  type Answer,
  type DecodedPacket,
  type Packet,
} from 'dns-packet';
import { randomBytes } from 'node:crypto';
import { systemClock, type Clock } from './clock.ts';
import { Resolver, type ResolverLimits } from './resolver.ts';

/** The records of one name, by type: `{ TXT: ['v=spf1 -all'], MX: [[10, 'mx.example']] }`. */
export type ZoneRecords = {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly CNAME?: readonly string[];
  readonly PTR?: readonly string[];
  readonly TXT?: readonly (string | readonly string[])[];
  readonly MX?: readonly (readonly [number, string])[];
  /** What the name does instead of answering. */
  readonly fails?: 'silent' | 'servfail' | 'refused';
};

export type Quirks = {
  /** Answers over UDP are cut, so that TCP is asked. */
  truncates?: boolean;
  /** So many made-up answers with a wrong id, name and type come before the right one. */
  liesBefore?: number;
  /** The name comes back in lower case. */
  lowerCases?: boolean;
  /** Queries with an OPT record are refused as malformed. */
  withoutEdns?: boolean;
  /** Aliases are answered alone, without what they lead to. */
  bareAliases?: boolean;
  /** UDP goes unanswered. */
  silent?: boolean;
  authentic?: boolean;
  garbage?: boolean;
  ttlSeconds?: number;
};

/** A name server on loopback whose zone is a table, and which can misbehave. */
export type TestNameServer = {
  readonly port: number;
  readonly quirks: Quirks;
  /** What was asked, `TXT example.org` in lower case, in order, `/tcp` behind what came by TCP. */
  readonly asked: string[];
  readonly zone: Map<string, ZoneRecords>;
  resolver(limits?: Partial<ResolverLimits>, clock?: Clock): Resolver;
};

export async function startNameServer(
  t: TestContext,
  records: Readonly<Record<string, ZoneRecords>>,
  quirks: Quirks = {},
): Promise<TestNameServer> {
  const zone = new Map(Object.entries(records));
  const asked: string[] = [];
  const { udp, tcp } = await twins();
  const { port } = udp.address();
  udp.on('message', (bytes, from) => {
    const query = decode(bytes);
    asked.push(named(query));
    for (const reply of byDatagram(zone, query, quirks)) udp.send(reply, from.port, from.address);
  });
  const sockets = new Set<Socket>();
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      const query = decode(bytes.subarray(2));
      asked.push(`${named(query)}/tcp`);
      const reply = answer(zone, query, quirks);
      if (reply === null) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      const whole = Buffer.concat([length, reply]);
      socket.write(whole.subarray(0, 1), () => socket.write(whole.subarray(1)));
    });
  });
  t.after(() => {
    udp.close();
    tcp.close();
    for (const socket of sockets) socket.destroy();
  });
  const resolver: TestNameServer['resolver'] = (limits = {}, clock = systemClock) =>
    new Resolver({ servers: [{ address: '127.0.0.1', port }], clock, random: randomBytes, limits });
  return { port, quirks, asked, zone, resolver };
}

/** A UDP and a TCP socket on one free port. */
async function twins(): Promise<{ udp: DatagramSocket; tcp: Server }> {
  for (;;) {
    const udp = createSocket('udp4');
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const tcp = createServer();
    try {
      tcp.listen(udp.address().port, '127.0.0.1');
      await once(tcp, 'listening');
      return { udp, tcp };
    } catch {
      // Somebody else has the TCP port of that number.
      udp.close();
    }
  }
}

const named = (query: DecodedPacket): string => {
  const [question] = query.questions ?? [];
  assert(question !== undefined);
  return `${question.type} ${question.name.toLowerCase()}`;
};

function byDatagram(zone: Map<string, ZoneRecords>, query: DecodedPacket, quirks: Quirks): Buffer[] {
  if (quirks.silent === true) return [];
  if (quirks.garbage === true) return [Buffer.from('not a message')];
  const lies: Buffer[] = [];
  const [question] = query.questions ?? [];
  assert(question !== undefined);
  const lie: Answer = { type: 'A', name: question.name, ttl: 60, class: 'IN', data: '203.0.113.66' };
  for (let count = 0; count < (quirks.liesBefore ?? 0); count++) {
    const kinds: Packet[] = [
      { id: ((query.id ?? 0) + 1) & 0xffff, questions: [question], answers: [lie] },
      { id: query.id ?? 0, questions: [{ ...question, name: `x.${question.name}` }], answers: [lie] },
      { id: query.id ?? 0, questions: [{ ...question, type: 'NS' }], answers: [lie] },
      { id: query.id ?? 0, questions: [], answers: [lie] },
    ];
    lies.push(encode({ type: 'response', ...kinds[count % 4] }));
  }
  const reply = quirks.truncates === true ? cut(query) : answer(zone, query, quirks);
  return reply === null ? lies : [...lies, reply];
}

const cut = (query: DecodedPacket): Buffer =>
  encode({
    type: 'response',
    id: query.id ?? 0,
    flags: TRUNCATED_RESPONSE,
    questions: query.questions ?? [],
  });

function answer(zone: Map<string, ZoneRecords>, query: DecodedPacket, quirks: Quirks): Buffer | null {
  const [question] = query.questions ?? [];
  assert(question !== undefined);
  const echoed = quirks.lowerCases === true ? { ...question, name: question.name.toLowerCase() } : question;
  const hasOpt = (query.additionals ?? []).some(({ type }) => type === 'OPT');
  const respond = (rcode: number, answers: Answer[], soa: boolean): Buffer =>
    encode({
      type: 'response',
      id: query.id ?? 0,
      flags: rcode | (quirks.authentic === true ? AUTHENTIC_DATA : 0),
      questions: [echoed],
      answers,
      authorities: soa ? [soaRecord] : [],
    });
  if (quirks.withoutEdns === true && hasOpt) return respond(1, [], false);
  const ttl = quirks.ttlSeconds ?? 60;
  const answers: Answer[] = [];
  let name = question.name;
  for (let hops = 0; hops < 20; hops++) {
    const here = zone.get(name.toLowerCase());
    if (here?.fails === 'silent') return null;
    if (here?.fails !== undefined) return respond(here.fails === 'servfail' ? 2 : 5, [], false);
    if (here === undefined) return respond(3, answers, true);
    const [alias] = here.CNAME ?? [];
    if (alias === undefined || question.type === 'CNAME') {
      const own = recordsOf(here, question.type, name, ttl);
      return respond(0, [...answers, ...own], own.length === 0);
    }
    answers.push({ type: 'CNAME', name, ttl, class: 'IN', data: alias });
    if (quirks.bareAliases === true) return respond(0, answers, false);
    name = alias;
  }
  return respond(0, answers, false);
}

const soaRecord: Answer = {
  type: 'SOA',
  name: 'example',
  ttl: 30,
  class: 'IN',
  data: { mname: 'ns.example', rname: 'x.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 30 },
};

function recordsOf(here: ZoneRecords, type: string, name: string, ttl: number): Answer[] {
  const common = { name, ttl, class: 'IN' } as const;
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'PTR':
      return (here[type] ?? []).map((data) => ({ type, ...common, data }));
    case 'TXT':
      return (here.TXT ?? []).map((data) => ({
        type,
        ...common,
        data: typeof data === 'string' ? inPieces(data) : [...data],
      }));
    case 'MX':
      return (here.MX ?? []).map(([preference, exchange]) => ({
        type,
        ...common,
        data: { preference, exchange },
      }));
    default:
      return [];
  }
}

/** A character-string holds 255 octets. */
const inPieces = (text: string): string[] => text.match(/[^]{1,255}/g) ?? [''];
