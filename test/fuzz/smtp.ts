/**
 * Feeds the server's engine what nobody should send, and holds it to what must be true of every session: it never
 * throws, is in a legal stage, keeps little memory, replies in the grammar, asks nothing before TLS and a login, and does
 * the same however the bytes are cut.
 *
 *     node test/fuzz/smtp.ts [--inputs N] [--seed S]
 *
 * Input number I of seed S is input 0 of seed S + I, so that a failure is repeated by `--inputs 1 --seed (S + I)`.
 */
import { agreedSecured as secured } from '../support/agreed-tls.ts';
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { scramKeys } from '../../src/sasl/scram-keys.ts';
import { Secret } from '../../src/sasl/exchange.ts';
import { defaultExtensions, type DoorKind, type Extension } from '../../src/smtp/extensions.ts';
import { defaultLimits, type Limits } from '../../src/smtp/limits.ts';
import { formatReply } from '../../src/smtp/reply.ts';
import { SmtpSession } from '../../src/smtp/server/session.ts';
import type { Action, Event, Outcome, Question, Refusal, Settings, Verdict } from '../../src/smtp/session.ts';
import { Random } from './random.ts';
import { clientBytes } from './smtp-words.ts';

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

/** Submission twice as often as the others, which have fewer stages. */
const doors: readonly DoorKind[] = ['submission', 'submission', 'exchanger', 'lmtp'];

const settings: readonly Settings[] = [defaultLimits, smallLimits].flatMap((limits) =>
  [true, false].flatMap((startTls) =>
    (['required', 'not-required'] as const).flatMap((protection) =>
      [...doors.entries()].map(([index, door]) => ({
        host: 'mail.example',
        door,
        extensions: index % 2 === 0 ? everyExtension : defaultExtensions[door],
        limits,
        startTls,
        enrolment: startTls,
        mailBeforeAuth: startTls ? (530 as const) : (503 as const),
        protection,
        trace: startTls,
        random: (bytes: number) => Buffer.alloc(bytes, 0x17),
      })),
    ),
  ),
);

const keys = scramKeys(new Secret('pencil'), Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
const refusals: readonly Refusal[] = [
  { why: 'not-yours' },
  { why: 'no-such-mailbox' },
  { why: 'no-relay' },
  { why: 'overloaded' },
  { why: 'looping' },
  { why: 'recipient-gone' },
  { why: 'exists' },
  { why: 'elsewhere', domains: ['example.org', 'a\r\nb'] },
  { why: 'throttled', waitSeconds: 5 },
  { why: 'banned' },
];

/** A verdict of a kind that answers the question: mostly yes, often no, sometimes a fault. */
function verdictOf(question: Question, door: DoorKind, random: Random): Verdict {
  const odds = random.below(8);
  if (odds === 0) return { verdict: 'fault', id: 'f4u1t' };
  if (question.ask === 'login') {
    const why = random.onceIn(2)
      ? ({ why: 'credentials' } as const)
      : ({ why: 'throttled', waitSeconds: 9 } as const);
    if (odds === 1) return { verdict: 'sasl', answer: { verdict: 'refused', why } };
    return question.question.ask === 'scram-keys'
      ? { verdict: 'sasl', answer: { verdict: 'scram-keys', keys } }
      : { verdict: 'sasl', answer: { verdict: 'login', account: 'nu1@447.edu' } };
  }
  if (odds === 1) return { verdict: 'refused', why: random.pick(refusals) };
  if (question.ask === 'enrol')
    return { verdict: 'enrolled', account: 'nu9@447.edu', password: new Secret('12345447') };
  if (question.ask !== 'deliver') return { verdict: 'accepted' };
  if (door !== 'lmtp' || odds === 2) return { verdict: 'delivered', id: '1' };
  return { verdict: 'each', outcomes: question.envelope.recipients.map(() => outcomeOf(random)) };
}

function outcomeOf(random: Random): Outcome {
  if (random.onceIn(4)) return { verdict: 'refused', why: random.pick(refusals) };
  return random.onceIn(4) ? { verdict: 'fault', id: 'f4u1t' } : { verdict: 'delivered', id: '1' };
}

const replyGrammar = /^(?:[2-5]\d\d-[ -~]*\r\n)*[2-5]\d\d [ -~]*\r\n$/;
const openStages = new Set([
  'silent',
  'greeted',
  'ready',
  'transaction',
  'authenticating',
  'data',
  'chunks',
  'chunk',
  'discarding',
]);

/** A session that is watched at every step. */
class Watched {
  readonly #settings: Settings;
  readonly #session: SmtpSession;
  readonly #random: Random;
  #secured = false;
  #closed = false;
  #content = '';
  #mayHaveContent = false;
  /** What it did, content merged; null where nobody will compare it. */
  said: string | null;
  /** Whether it came to STARTTLS, where the cut of the bytes makes a difference on purpose. */
  reachedStartTls = false;

  constructor(given: Settings, verdictSeed: number, isCompared: boolean) {
    this.#settings = given;
    this.#session = new SmtpSession(given);
    this.#random = new Random(verdictSeed);
    this.said = isCompared ? '' : null;
  }

  /** Hands on an event, answers whatever is asked, and finishes handshakes. */
  give(event: Event): void {
    let next: Event | null = event;
    while (next !== null) {
      if (next.on === 'connected') this.#secured = next.secured !== null;
      if (next.on === 'secured') this.#secured = true;
      const wasClosed = this.#closed;
      const actions: Action[] = this.#session.handle(next);
      assert(!wasClosed || actions.length === 0, 'something is done after the close');
      const chunkBytes = next.on === 'bytes' ? next.chunk.length : 0;
      next = null;
      for (const [index, action] of actions.entries()) {
        assert(!this.#closed, 'something is done after the close');
        const answer = this.#watch(action, index === actions.length - 1);
        if (answer !== null) next = answer;
      }
      this.#hold(chunkBytes, next !== null);
    }
  }

  #watch(action: Action, isLast: boolean): Event | null {
    switch (action.do) {
      case 'note':
      case 'login':
        return null;
      case 'reply': {
        const wire = formatReply(action.reply);
        assert.match(wire, replyGrammar);
        this.#say(wire);
        return null;
      }
      case 'body':
        assert(this.#mayHaveContent, 'content without room for it');
        this.#content += Buffer.from(action.chunk).toString('latin1');
        assert(
          this.#content.length <= this.#settings.limits.messageBytes,
          'more content than a message may have',
        );
        if (this.said !== null) this.said += Buffer.from(action.chunk).toString('latin1');
        return null;
      case 'drop':
        this.#forget();
        this.#mayHaveContent = false;
        this.#say('drop\r\n');
        return null;
      case 'foreign':
        this.#say(`foreign ${action.protocol}\r\n`);
        return null;
      case 'secure':
        assert(isLast && this.#session.at === 'securing');
        this.reachedStartTls = true;
        return this.#random.onceIn(4) ? { on: 'bytes', chunk: Buffer.from('x') } : { on: 'secured', secured };
      case 'close':
        assert(isLast && this.#session.at === 'closed');
        this.#closed = true;
        this.#say('close\r\n');
        return null;
      case 'ask':
        assert(isLast && this.#session.at === 'asking');
        return this.#answer(action.question);
    }
  }

  #answer(question: Question): Event {
    this.#say(`ask ${question.ask}\r\n`);
    if (question.ask === 'login' || question.ask === 'enrol') assert(this.#settings.door === 'submission');
    if (question.ask === 'deliver' && question.envelope.body !== 'BINARYMIME')
      assert.doesNotMatch(this.#content, /\r(?!\n)|(?<!\r)\n/, 'text with a bare line end is handed on');
    assert(
      this.#secured || this.#settings.protection === 'not-required',
      `${question.ask} is asked without TLS`,
    );
    if ('envelope' in question) {
      const mustLogIn = this.#settings.door === 'submission';
      assert(mustLogIn === (question.envelope.login !== null), `${question.ask} is asked without a login`);
      assert(question.envelope.recipients.length <= this.#settings.limits.recipients);
    }
    if (question.ask === 'room' || question.ask === 'deliver')
      assert('envelope' in question && question.envelope.recipients.length > 0);
    const verdict = verdictOf(question, this.#settings.door, this.#random);
    if (question.ask === 'room') this.#forget();
    this.#mayHaveContent = question.ask === 'room' && verdict.verdict === 'accepted';
    return { on: 'verdict', verdict, to: question };
  }

  /** What holds between two events. */
  #hold(chunkBytes: number, isAnswered: boolean): void {
    const { at, heldBytes } = this.#session;
    if (isAnswered) return;
    assert(at === 'closed' ? this.#closed : openStages.has(at), `stuck in ${at}`);
    if (at === 'closed') return;
    const { authLineBytes } = this.#settings.limits;
    assert(
      heldBytes <= 3 * authLineBytes + 512,
      `${heldBytes} octets are held in ${at} after ${chunkBytes} came`,
    );
  }

  #forget(): void {
    this.#content = '';
  }

  #say(text: string): void {
    if (this.said === null) return;
    if (text.includes('Nothing may follow STARTTLS')) this.reachedStartTls = true;
    this.said += text;
  }
}

/** How the bytes of one input are cut. */
type Cut = 'at once' | 'octets' | 'anyhow';

function watch(seed: number, cut: Cut, isCompared: boolean): Watched {
  const random = new Random(seed);
  const watched = new Watched(random.pick(settings), random.below(2 ** 31), isCompared);
  const bytes = clientBytes(random);
  const isSecured = !random.onceIn(4);
  const ending = random.below(8);
  const connected = {
    on: 'connected',
    secured: isSecured ? secured : null,
    ...(random.onceIn(2) ? { nowMs: 1.8e12 } : {}),
    ...(random.onceIn(4) ? { trust: 'xclient' as const } : {}),
  } as const;
  if (!random.onceIn(50)) watched.give(connected);
  const sizes = new Random(seed ^ 0x5eed);
  for (let from = 0; from < bytes.length;) {
    const size =
      cut === 'octets' ? 1 : cut === 'at once' ? bytes.length : 1 + sizes.below(sizes.onceIn(3) ? 4 : 400);
    // A copy of its own, so that a view that is kept too long is seen.
    watched.give({ on: 'bytes', chunk: Buffer.from(bytes.subarray(from, from + size)) });
    from += size;
  }
  if (ending === 0) watched.give({ on: 'timeout' });
  if (ending === 1) watched.give({ on: 'stopping' });
  return watched;
}

/** Plays input number 0 of a seed in all cuts; they must do the same. */
export function playInAllCuts(seed: number): void {
  const whole = watch(seed, 'at once', true);
  for (const cut of ['octets', 'anyhow'] as const) {
    const pieces = watch(seed, cut, true);
    if (!whole.reachedStartTls && !pieces.reachedStartTls)
      assert.equal(pieces.said, whole.said, `fed ${cut}`);
  }
}

/** Plays so many inputs; one in sixteen in all cuts. Throws with the seed that repeats what went wrong. */
export function fuzz({ inputs, seed }: { readonly inputs: number; readonly seed: number }): void {
  for (let input = seed; input < seed + inputs; input += 1) {
    try {
      if (inputs === 1 || input % 16 === 0) playInAllCuts(input);
      else watch(input, 'anyhow', false);
    } catch (cause) {
      throw new Error(`repeat it with --inputs 1 --seed ${input}`, { cause });
    }
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
  });
  const inputs = Number(values.inputs);
  const seed = Number(values.seed);
  const started = process.hrtime.bigint();
  fuzz({ inputs, seed });
  const tookSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  console.log(
    `${inputs} inputs from seed ${seed} in ${tookSeconds.toFixed(1)} s: ${Math.round(inputs / tookSeconds)} inputs/s`,
  );
}
