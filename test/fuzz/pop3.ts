/** The engine of POP3 under fuzz: one input is what one client sends, to one door, with one policy behind it. */
import assert from 'node:assert/strict';
import { agreedSecured, agreedTls } from '../support/agreed-tls.ts';
import type { Secured } from '../../src/mail/transport.ts';
import { verbs } from '../../src/pop3/command.ts';
import { defaultLimits, type Limits } from '../../src/pop3/limits.ts';
import { say } from '../../src/pop3/reply.ts';
import type { Event, Settings } from '../../src/pop3/session.ts';
import { anyhow, atOnce, Cutter, octets, type Cut } from './cut.ts';
import { Random } from './random.ts';
import type { Reached } from './reached.ts';
import { pop3Flights } from './pop3-words.ts';
import { certificate, mechanisms } from './sasl-words.ts';
import { WatchedPop3 } from './watched-pop3.ts';

/** Small, so that each is passed now and then. */
const smallLimits: Limits = {
  commandLineBytes: 256,
  authLineBytes: 512,
  discardedLineBytes: 700,
  errors: 4,
  failedLogins: 2,
  idleCommands: 5,
};

const stages = ['silent', 'authorization', 'authenticating', 'transaction', 'asking', 'securing', 'closed'];
const each = (ones: readonly string[], between: string, others: readonly string[]): string[] =>
  ones.flatMap((one) => others.map((other) => `${one}${between}${other}`));
/** What a door says before there is a session; and a line of a list, which looks like STAT's. */
const elsewhere = new Set([
  'banned',
  'tooManyConnections',
  'tooManyFromNetwork',
  'tooFast',
  'proxyFirst',
  'fault',
  'one',
]);

/** What the engine is brought to. */
export const everythingOfPop3: Readonly<Record<string, readonly string[]>> = {
  stages,
  'events in stages': each(
    ['bytes', 'timeout', 'stopping'],
    ' in ',
    stages.filter((stage) => stage !== 'closed' && stage !== 'silent'),
  ),
  'commands in stages': each(verbs, ' in ', ['authorization', 'transaction']),
  replies: Object.keys(say).filter((name) => !elsewhere.has(name)),
  actions: ['note', 'reply', 'send', 'ask', 'login', 'enough', 'foreign', 'secure', 'close'],
  verdicts: [
    ...each(['login'], ' ', ['sasl', 'refused', 'fault']),
    ...each(['maildrop'], ' ', ['maildrop', 'refused', 'fault']),
    ...each(['letter'], ' ', ['pieces', 'refused', 'fault']),
    ...each(['more'], ' ', ['pieces', 'fault']),
    ...each(['remove'], ' ', ['removed', 'refused', 'fault']),
    'room accepted',
  ],
  mechanisms: each(mechanisms, ' ', ['succeeds', 'fails']),
  'ends of a login': (
    'in malformed channel-binding authorization credentials throttled unavailable cancelled fault ' +
    'no-such-mechanism'
  ).split(' '),
  'foreign protocols': ['TLS', 'HTTP', 'PROXY'],
};

/** What one client sends, and to whom. */
export type Pop3Input = {
  readonly settings: Settings;
  /** Handshake of the start, and of STLS. */
  readonly secured: Secured;
  readonly first: Secured | null;
  /** What is sent before the client waits for replies, and what then. */
  readonly flights: readonly Buffer[];
  /** Something else that happens when so many octets of a flight have come. */
  readonly interruption: { readonly flight: number; readonly after: number; readonly event: Event } | null;
  /** What the verdicts are drawn with. */
  readonly verdicts: number;
};

/** An input of a seed; what the client sends is made of commands, or given. */
export function pop3Input(seed: number, given: readonly Buffer[] | null = null): Pop3Input {
  const random = new Random(seed);
  const settings: Settings = {
    host: 'mail.example',
    limits: random.pick([defaultLimits, defaultLimits, smallLimits]),
    startTls: random.onceIn(3),
    trace: random.onceIn(2),
    takesTokens: !random.onceIn(4),
    random: (bytes) => Buffer.alloc(bytes, 0x17),
  };
  const tls = {
    ...agreedTls,
    alpn: random.pick([null, null, 'pop3', random.onceIn(8) ? 'imap' : 'pop3']),
    peerCertificate: random.pick([null, certificate, { ...certificate, trusted: random.onceIn(2) }]),
  };
  const secured = { tls, channelBinding: random.onceIn(4) ? null : agreedSecured.channelBinding };
  const first = settings.startTls || random.onceIn(12) ? null : secured;
  const flights = given ?? pop3Flights(random, settings);
  const flight = random.below(flights.length + 1);
  const length = flights[flight]?.length ?? 0;
  const after = random.onceIn(2) ? length : random.below(length + 1);
  const happening = random.below(6);
  const event: Event = { on: happening === 0 ? 'timeout' : 'stopping' };
  const interruption = happening > 1 ? null : { flight, after, event };
  return { settings, secured, first, flights, interruption, verdicts: random.below(2 ** 31) };
}

/** How an input is played. */
type Playing = {
  readonly cut: Cut;
  readonly reached: Reached;
  /** Whether it is compared with other cuts: then what was done is written down, and nothing depends on the cut. */
  readonly isCompared: boolean;
};

/** Plays an input; throws where something is not as it must be. */
function playPop3(input: Pop3Input, { cut, reached, isCompared }: Playing): WatchedPop3 {
  const watched = new WatchedPop3({
    settings: input.settings,
    verdicts: new Random(input.verdicts),
    delays: new Random(input.verdicts ^ cut.length),
    secured: input.secured,
    reached,
    isCompared,
  });
  const { flights, interruption } = input;
  const cutter = new Cutter(cut);
  const feed = (bytes: Buffer): void => {
    for (const chunk of cutter.pieces(bytes)) watched.give({ on: 'bytes', chunk });
  };
  watched.give({ on: 'connected', secured: input.first });
  for (let index = 0; index <= flights.length; index += 1) {
    const flight = flights[index] ?? Buffer.alloc(0);
    const isInterrupted = interruption !== null && interruption.flight === index;
    feed(isInterrupted ? flight.subarray(0, interruption.after) : flight);
    if (isInterrupted) {
      if (isCompared) watched.settle();
      watched.give(interruption.event);
      feed(flight.subarray(interruption.after));
    }
    // Who waits for replies has them before it goes on.
    watched.settle();
  }
  return watched;
}

/**
 * Plays an input cut in all ways: it must do the same. Only what comes behind STLS without waiting makes a difference on
 * purpose: the same octets are an injection in one piece, and drive the handshake in two.
 */
export function playPop3InCuts(input: Pop3Input, cuts: readonly Cut[], reached: Reached): void {
  const whole = playPop3(input, { cut: atOnce, reached, isCompared: true });
  for (const cut of [octets, ...cuts]) {
    const pieces = playPop3(input, { cut, reached, isCompared: true });
    assert.equal(pieces.saidBeforeTls, whole.saidBeforeTls, 'STLS is come to at another place');
    const isInjected = whole.wasInjected || pieces.wasInjected;
    const compared = isInjected ? (whole.saidBeforeTls ?? 0) : undefined;
    assert.equal(
      pieces.said?.slice(0, compared),
      whole.said?.slice(0, compared),
      `fed in pieces of ${cut.join(', ')}`,
    );
  }
}

/** One input of a seed: in all cuts now and then, else in one. */
export function fuzzPop3(seed: number, isInAllCuts: boolean, reached: Reached): void {
  const input = pop3Input(seed);
  if (isInAllCuts) playPop3InCuts(input, [anyhow(seed)], reached);
  else playPop3(input, { cut: anyhow(seed), reached, isCompared: false });
}
