import assert from 'node:assert/strict';
import { formatReply, type Reply } from '../../src/pop3/reply.ts';
import { Pop3Session } from '../../src/pop3/server/session.ts';
import type { Action, Event, Question, Settings, Verdict } from '../../src/pop3/session.ts';
import type { Secured } from '../../src/mail/transport.ts';
import { Secret, type LoginRefusal, type SaslQuestion, type SaslVerdict } from '../../src/sasl/exchange.ts';
import { scramKeys } from '../../src/sasl/scram-keys.ts';
import { nameOfPop3Reply } from './pop3-replies.ts';
import { lettersPieces } from './pop3-words.ts';
import type { Random } from './random.ts';
import type { Reached } from './reached.ts';
import { password, salt } from './sasl-words.ts';

const firstLine = /^(?:\+OK |-ERR |\+ )[ -~]*\r\n$/;
const keys = scramKeys(new Secret(password), salt, 4096);
const loginRefusals: readonly LoginRefusal[] = [
  { why: 'credentials' },
  { why: 'throttled', waitSeconds: 9 },
  { why: 'unavailable', waitSeconds: 9 },
];

/** A session that is watched at every step: what must be true of every session is asserted. */
export class WatchedPop3 {
  readonly #settings: Settings;
  readonly #session: Pop3Session;
  readonly #random: Random;
  readonly #delays: Random;
  readonly #reached: Reached;
  readonly #secured: Secured;
  #isSecured = false;
  #isInside = false;
  #closed = false;
  /** The letters that the client has marked, as it was told. */
  #marked = new Set<number>();
  #heldWhileAsking = 0;
  /** The last octets of a multi-line response under way; null where none is. */
  #tail: string | null = null;
  /** What it did; null where nobody will compare it. */
  said: string | null;
  /** How much of that came before STLS, behind which the cut of the bytes makes a difference on purpose. */
  saidBeforeTls: number | null = null;
  wasInjected = false;
  /** What is due: a verdict, or the end of a handshake; and how many events come before it. */
  #due: { readonly event: Event; wait: number } | null = null;

  constructor(parts: {
    readonly settings: Settings;
    readonly verdicts: Random;
    /** How long the answers to questions take, in events. */
    readonly delays: Random;
    readonly secured: Secured;
    readonly reached: Reached;
    readonly isCompared: boolean;
  }) {
    this.#settings = parts.settings;
    this.#session = new Pop3Session(parts.settings);
    this.#random = parts.verdicts;
    this.#delays = parts.delays;
    this.#secured = parts.secured;
    this.#reached = parts.reached;
    this.said = parts.isCompared ? '' : null;
  }

  /** Hands on an event; answers what is asked, and finishes handshakes, now or some events later. */
  give(event: Event): void {
    this.#handle(event);
    while (this.#due !== null && this.#due.wait === 0) this.#handleDue(this.#due.event);
    if (this.#due !== null) this.#due.wait -= 1;
  }

  /** Answers everything that is still open. */
  settle(): void {
    while (this.#due !== null) this.#handleDue(this.#due.event);
  }

  #handleDue(event: Event): void {
    this.#due = null;
    this.#handle(event);
  }

  #handle(event: Event): void {
    if (event.on === 'connected') this.#isSecured = event.secured !== null;
    if (event.on === 'secured') this.#isSecured = true;
    const { at } = this.#session;
    this.#reached.see('stages', at);
    this.#reached.see('events in stages', `${event.on} in ${at}`);
    const wasClosed = this.#closed;
    const actions: Action[] = this.#session.handle(event);
    assert(!wasClosed || actions.length === 0, 'something is done after the close');
    for (const [index, action] of actions.entries()) {
      assert(!this.#closed, 'something is done after the close');
      this.#reached.see('actions', action.do);
      if (action.do === 'note') this.#note(action.shown, index === 0 ? at : null);
      const answer = this.#watch(action, index === actions.length - 1);
      if (answer !== null)
        this.#due = { event: answer, wait: this.#delays.onceIn(4) ? 1 + this.#delays.below(3) : 0 };
    }
    if (this.#session.at !== 'asking' && this.#session.at !== 'securing') this.#due = null;
    this.#reached.see('stages', this.#session.at);
    this.#hold(event);
  }

  #note(shown: string, at: string | null): void {
    assert.match(shown, /^[ -~\u00A0-\u{10FFFF}]*$/u, 'a log would have a control character');
    if (/^(?:PASS|APOP|AUTH)(?![A-Z])/i.test(shown)) assert.match(shown, /^[A-Z]+(?: [A-Z0-9-]+)? \*\*\*$/);
    if (at === 'authenticating') assert.equal(shown, '***');
    const verb = /^[A-Za-z]+8?/.exec(shown)?.[0].toUpperCase() ?? 'nothing';
    if (at !== null) this.#reached.see('commands in stages', `${verb} in ${at}`);
  }

  #watch(action: Action, isLast: boolean): Event | null {
    switch (action.do) {
      case 'note':
        return null;
      case 'reply':
        this.#reply(action.reply);
        return null;
      case 'send':
        this.#send(Buffer.from(action.chunk).toString('latin1'));
        return null;
      case 'enough':
        this.#say('enough\r\n');
        return null;
      case 'login':
        this.#reached.see('ends of a login', action.result.outcome);
        if (action.result.mechanism !== null)
          this.#reached.see(
            'mechanisms',
            `${action.result.mechanism} ${action.result.outcome === 'in' ? 'succeeds' : 'fails'}`,
          );
        this.#say(`login ${JSON.stringify(action.result)}\r\n`);
        return null;
      case 'foreign':
        this.#reached.see('foreign protocols', action.protocol);
        this.#say(`foreign ${action.protocol}\r\n`);
        return null;
      case 'secure':
        assert(isLast && this.#session.at === 'securing');
        assert.equal(this.#session.heldBytes, 0, 'what came in the clear would be read behind the handshake');
        return this.#random.onceIn(4)
          ? { on: 'bytes', chunk: Buffer.from('x') }
          : { on: 'secured', secured: this.#secured };
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

  #reply(reply: Reply): void {
    const wire = formatReply(reply);
    assert.equal(this.#tail, null, 'a response begins inside of another');
    assert.match(wire.slice(0, wire.indexOf('\r\n') + 2), firstLine);
    const name = nameOfPop3Reply(reply);
    assert(name !== null, `a reply without a name: ${wire}`);
    this.#reached.see('replies', name);
    if (name === 'startTls' || name === 'injected') this.saidBeforeTls ??= this.said?.length ?? null;
    if (name === 'injected') this.wasInjected = true;
    if (name === 'loggedIn') this.#isInside = true;
    if (name === 'deleted') this.#marked.add(Number(/\d+/.exec(reply.text)?.[0]));
    if (name === 'reset') this.#marked.clear();
    if (['listFollows', 'idsFollow', 'letterFollows', 'topFollows'].includes(name)) this.#tail = '\r\n';
    this.#say(wire);
  }

  /** The end of a response is its end, and nowhere before: for a reader of CRLF, and for one of LF. */
  #send(text: string): void {
    assert(this.#tail !== null, 'content without a response that it belongs to');
    const seen = this.#tail + text;
    const end = seen.indexOf('\r\n.\r\n');
    assert(end === -1 || end === seen.length - 5, 'a response ends in the middle');
    assert.equal(seen.search(/\n\.\r*\n/), end === -1 ? -1 : end + 1, 'a response ends for who looks at LF');
    assert.doesNotMatch(text.replaceAll('\r\n', ''), /^[^\r\n]*\n|[^\r]\n/, 'an LF alone');
    this.#tail = end === -1 ? seen.slice(-4) : null;
    if (this.said !== null) this.said += text;
  }

  #answer(question: Question): Event {
    this.#say(`ask ${question.ask}\r\n`);
    assert(this.#isSecured, `${question.ask} is asked without TLS`);
    const isOutside = question.ask === 'login' || question.ask === 'maildrop';
    assert.equal(this.#isInside, !isOutside, `${question.ask} is asked in the wrong state`);
    if (question.ask === 'remove') {
      assert.deepEqual(new Set(question.numbers), this.#marked, 'other letters are removed than were marked');
      assert(question.numbers.length > 0);
    }
    if (question.ask === 'letter')
      assert(!this.#marked.has(question.number), 'a letter that is to be removed is sent');
    const verdict = verdictOf(question, this.#random);
    this.#reached.see('verdicts', `${question.ask} ${verdict.verdict}`);
    return { on: 'verdict', verdict, to: question };
  }

  /** What holds between two events. */
  #hold(event: Event): void {
    const { at, heldBytes } = this.#session;
    if (at === 'closed') return assert(this.#closed);
    assert.equal(this.#due !== null, at === 'asking' || at === 'securing', `stuck in ${at}`);
    assert(this.#tail === null || at === 'asking', 'a response is left open');
    assert(at !== 'transaction' || this.#isInside);
    const arrived = event.on === 'bytes' ? event.chunk.length : 0;
    this.#heldWhileAsking = this.#due === null ? 0 : this.#heldWhileAsking + arrived;
    const { authLineBytes } = this.#settings.limits;
    assert(
      heldBytes <= 3 * authLineBytes + 512 + 3 * this.#heldWhileAsking,
      `${heldBytes} octets are held in ${at} after ${arrived} came`,
    );
  }

  #say(text: string): void {
    if (this.said !== null) this.said += text;
  }
}

/** A verdict of a kind that answers the question: mostly yes, often no, sometimes a fault. */
function verdictOf(question: Question, random: Random): Verdict {
  const odds = random.below(8);
  if (odds === 0 && question.ask !== 'room') return { verdict: 'fault', id: 'f4u1t' };
  switch (question.ask) {
    case 'login':
      if (odds === 1) return { verdict: 'refused', why: 'overloaded' };
      return { verdict: 'sasl', answer: loginVerdict(question.question, odds === 2, random) };
    case 'maildrop': {
      if (odds === 1) return { verdict: 'refused', why: random.pick(['in-use', 'gone']) };
      // Enough of them, now and then, that a list needs several turns.
      const count = random.onceIn(40) ? 800 : random.below(5);
      const uniqueId = (number: number): string => `${number}`.padEnd(70, '~');
      return { verdict: 'maildrop', maildrop: { count, sizeBytes: (number) => number * 10, uniqueId } };
    }
    case 'letter':
      if (odds === 1) return { verdict: 'refused', why: 'gone' };
      return { verdict: 'pieces', pieces: lettersPieces(random), isWhole: odds > 4 };
    case 'more':
      return { verdict: 'pieces', pieces: lettersPieces(random), isWhole: odds > 4 };
    case 'room':
      return { verdict: 'accepted' };
    case 'remove':
      if (odds === 1) return { verdict: 'refused', why: random.pick(['gone', 'overloaded']) };
      return { verdict: 'removed' };
  }
}

function loginVerdict(question: SaslQuestion, isRefused: boolean, random: Random): SaslVerdict {
  if (isRefused) return { verdict: 'refused', why: random.pick(loginRefusals) };
  if (question.ask === 'scram-keys') return { verdict: 'scram-keys', keys };
  if (question.ask === 'proof' && !question.valid) return { verdict: 'refused', why: { why: 'credentials' } };
  return { verdict: 'login', account: 'nu1@447.edu' };
}
