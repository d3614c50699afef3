/** The server's engine under fuzz: one input is what one client sends, to one door, with one policy behind it. */
import assert from 'node:assert/strict';
import { agreedSecured, agreedTls } from '../support/agreed-tls.ts';
import { defaultExtensions, type DoorKind, type Extension } from '../../src/smtp/extensions.ts';
import { defaultLimits, type Limits } from '../../src/smtp/limits.ts';
import type { Event, Secured, Settings } from '../../src/smtp/session.ts';
import { anyhow, atOnce, Cutter, octets, type Cut } from './cut.ts';
import { Random } from './random.ts';
import type { Reached } from './reached.ts';
import { certificate } from './sasl-words.ts';
import { clientFlights } from './server-dialogue.ts';
import { WatchedServer } from './watched-server.ts';

/** Small, so that each is passed now and then. */
const smallLimits: Limits = {
  commandLineBytes: 256,
  authLineBytes: 512,
  discardedLineBytes: 700,
  messageBytes: 200,
  discardedMessageBytes: 300,
  recipients: 2,
  errors: 6,
  failedLogins: 2,
  idleCommands: 8,
  transactions: 3,
  smallChunkBytes: 4,
  holdSeconds: 60,
};

const everyExtension: ReadonlySet<Extension> = new Set<Extension>([
  'CHUNKING',
  'BINARYMIME',
  'DSN',
  'REQUIRETLS',
  'LIMITS',
  'FUTURERELEASE',
  'DELIVERBY',
  'MT-PRIORITY',
]);
const noExtension: ReadonlySet<Extension> = new Set();

/** Submission twice as often as the others, which have fewer stages. */
const doors: readonly DoorKind[] = ['submission', 'submission', 'exchanger', 'lmtp'];

function settingsOf(random: Random): Settings {
  const door = random.pick(doors);
  return {
    host: 'mail.example',
    door,
    extensions: random.pick([everyExtension, everyExtension, defaultExtensions[door], noExtension]),
    limits: random.pick([defaultLimits, smallLimits]),
    startTls: random.onceIn(2),
    enrolment: random.onceIn(2),
    mailBeforeAuth: random.pick([530, 503]),
    protection: random.pick(['required', 'not-required']),
    trace: random.onceIn(2),
    takesTokens: random.onceIn(2),
    random: (bytes) => Buffer.alloc(bytes, 0x17),
  };
}

/** What TLS gives: mostly everything, now and then less or the wrong thing. */
function securedOf(random: Random): Secured {
  const tls = {
    ...agreedTls,
    alpn: random.pick([null, null, null, 'smtp', random.onceIn(8) ? 'h2' : 'smtp']),
    peerCertificate: random.pick([null, certificate, { ...certificate, trusted: random.onceIn(2) }]),
  };
  return { tls, channelBinding: random.onceIn(4) ? null : agreedSecured.channelBinding };
}

/** What one client sends, and to whom. */
export type ServerInput = {
  readonly settings: Settings;
  /** Handshake of the start, and of STARTTLS. */
  readonly secured: Secured;
  /** null where the client speaks before the greeting. */
  readonly connected: Event | null;
  /** What is sent before the client waits for replies, and what then. */
  readonly flights: readonly Buffer[];
  /** Something else that happens when so many octets of a flight have come. */
  readonly interruption: { readonly flight: number; readonly after: number; readonly event: Event } | null;
  /** What the verdicts are drawn with. */
  readonly verdicts: number;
};

/** An input of a seed; what the client sends is made of commands, or given. */
export function serverInput(seed: number, given: readonly Buffer[] | null = null): ServerInput {
  const random = new Random(seed);
  const settings = settingsOf(random);
  const secured = securedOf(random);
  const first = random.onceIn(settings.startTls ? 2 : 6) ? null : secured;
  const connected: Event = {
    on: 'connected',
    secured: first,
    ...(random.onceIn(4) ? {} : { nowMs: 1.8e12 }),
    ...(random.onceIn(4) ? { trust: 'xclient' as const } : {}),
  };
  const isEarly = random.onceIn(50);
  const verdicts = random.below(2 ** 31);
  const happening = random.below(6);
  const flights = given ?? clientFlights(random, { settings, secured: first });
  const flight = isEarly ? 0 : random.below(flights.length + 1);
  const length = isEarly ? 0 : (flights[flight]?.length ?? 0);
  const after = random.onceIn(2) ? length : random.below(length + 1);
  const event: Event = { on: happening === 0 ? 'timeout' : 'stopping' };
  return {
    settings,
    secured,
    connected: isEarly ? null : connected,
    flights,
    interruption: happening > 1 ? null : { flight, after, event },
    verdicts,
  };
}

/** How an input is played. */
type Playing = {
  readonly cut: Cut;
  readonly reached: Reached;
  /** Whether it is compared with other cuts: then what was done is written down, and nothing depends on the cut. */
  readonly isCompared: boolean;
};

/** Plays an input; throws where something is not as it must be. */
function playServer(input: ServerInput, { cut, reached, isCompared }: Playing): WatchedServer {
  const watched = new WatchedServer({
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
  if (input.connected !== null) watched.give(input.connected);
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
 * Plays an input cut in all ways: it must do the same. Only what comes behind STARTTLS without waiting makes a difference
 * on purpose: the same octets are an injection in one piece, and drive the handshake in two.
 */
export function playServerInCuts(input: ServerInput, cuts: readonly Cut[], reached: Reached): void {
  const whole = playServer(input, { cut: atOnce, reached, isCompared: true });
  for (const cut of [octets, ...cuts]) {
    const pieces = playServer(input, { cut, reached, isCompared: true });
    assert.equal(pieces.saidBeforeTls, whole.saidBeforeTls, 'STARTTLS is come to at another place');
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
export function fuzzServer(seed: number, isInAllCuts: boolean, reached: Reached): void {
  const input = serverInput(seed);
  if (isInAllCuts) playServerInCuts(input, [anyhow(seed)], reached);
  else playServer(input, { cut: anyhow(seed), reached, isCompared: false });
}
