/** The client's engine under fuzz: one input is a program that uses it, and a server that it finds. */
import assert from 'node:assert/strict';
import { AnsweringServer, ScriptedServer, type Answers } from './client-answers.ts';
import { program, type Order } from './client-program.ts';
import { anyhow, atOnce, Cutter, octets, type Cut } from './cut.ts';
import { Random } from './random.ts';
import type { Reached } from './reached.ts';
import { WatchedClient } from './watched-client.ts';

/** What a program has its client do, and what the server answers. */
export type ClientInput = {
  readonly protocol: 'smtp' | 'lmtp';
  readonly batches: readonly (readonly Order[])[];
  /** What the answers are drawn with. */
  readonly draws: number;
  /** The answers where they are given. */
  readonly given: readonly Buffer[] | null;
};

/** An input of a seed; the answers are drawn, or given. */
export function clientInput(seed: number, given: readonly Buffer[] | null = null): ClientInput {
  const random = new Random(seed);
  const protocol = random.onceIn(4) ? 'lmtp' : 'smtp';
  return { protocol, batches: program(random, protocol), draws: random.below(2 ** 31), given };
}

/** How an input is played. */
export type Playing = {
  readonly cut: Cut;
  readonly reached: Reached;
  /** Whether it is compared with other cuts: then what was done is written down, and the server is honest. */
  readonly isCompared: boolean;
};

/** Plays an input; throws where something is not as it must be. */
function playClient(input: ClientInput, { cut, reached, isCompared }: Playing): WatchedClient {
  const watched = new WatchedClient(input.protocol, reached, isCompared);
  const random = new Random(input.draws);
  const server: Answers =
    input.given === null
      ? new AnsweringServer(input.protocol, random, isCompared ? 'honest' : 'any')
      : new ScriptedServer(input.given);
  const cutter = new Cutter(cut);
  const batches = [...input.batches];
  const give = (): void => {
    for (const order of batches.shift() ?? []) if (!watched.isBroken) watched.give(order);
  };
  const hear = (bytes: Buffer): void => {
    for (const chunk of cutter.pieces(bytes)) watched.hear(chunk);
  };
  while (!watched.isBroken) {
    if (watched.isSecuring) {
      if (random.onceIn(8)) hear(Buffer.from('250 OK\r\n'));
      else watched.endHandshake();
      continue;
    }
    const text = watched
      .takeOwed()
      .map((line) => server.answer(line))
      .join('');
    if (text === '' && batches.length === 0) break;
    const bytes = Buffer.from(text, 'latin1');
    // Now and then a program goes on while an answer is under way.
    const at = random.onceIn(4) ? random.below(bytes.length + 1) : bytes.length;
    hear(bytes.subarray(0, at));
    if (text === '' || at < bytes.length) give();
    hear(bytes.subarray(at));
  }
  const isOver = watched.isBroken || !server.isWhole;
  assert(isOver || !watched.hasGiven, 'everything was answered, and a command has no outcome');
  return watched;
}

/**
 * Plays an input cut in all ways: it must do the same. Only what comes in the clear behind the answer to STARTTLS makes a
 * difference on purpose: it is known for an injection before the handshake, or in it.
 */
export function playClientInCuts(input: ClientInput, cuts: readonly Cut[], reached: Reached): void {
  const whole = playClient(input, { cut: atOnce, reached, isCompared: true });
  for (const cut of [octets, ...cuts]) {
    const pieces = playClient(input, { cut, reached, isCompared: true });
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
export function fuzzClient(seed: number, isInAllCuts: boolean, reached: Reached): void {
  const input = clientInput(seed);
  if (isInAllCuts) playClientInCuts(input, [anyhow(seed)], reached);
  else playClient(input, { cut: anyhow(seed), reached, isCompared: false });
}
