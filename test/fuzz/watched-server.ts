import assert from 'node:assert/strict';
import { formatReply, type Reply } from '../../src/smtp/reply.ts';
import { SmtpSession } from '../../src/smtp/server/session.ts';
import type {
  Action,
  Envelope,
  Event,
  LoginResult,
  Question,
  Secured,
  Settings,
} from '../../src/smtp/session.ts';
import type { Random } from './random.ts';
import { nameOfReply } from './reply-names.ts';
import type { Reached } from './reached.ts';
import { verdictOf } from './server-verdicts.ts';

const replyGrammar = /^(?:[2-5]\d\d-[ -~]*\r\n)*[2-5]\d\d [ -~]*\r\n$/;
const bareLineEnd = /\r(?!\n)|(?<!\r)\n/;

/** A session that is watched at every step: what must be true of every session is asserted. */
export class WatchedServer {
  readonly #settings: Settings;
  readonly #session: SmtpSession;
  readonly #random: Random;
  readonly #delays: Random;
  readonly #reached: Reached;
  readonly #secured: Secured;
  #isSecured = false;
  #closed = false;
  #content = '';
  #mayHaveContent = false;
  /** BDAT where a chunk was taken, DATA where the letter was asked for; for what was reached. */
  #way = 'DATA';
  #heldWhileAsking = 0;
  /** What it did, content merged; null where nobody will compare it. */
  said: string | null;
  /** How much of that came before STARTTLS, behind which the cut of the bytes makes a difference on purpose. */
  saidBeforeTls: number | null = null;
  /** Whether something came in the clear behind STARTTLS. */
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
    this.#session = new SmtpSession(parts.settings);
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
    // A connection that is closed waits for nothing.
    if (this.#session.at !== 'asking' && this.#session.at !== 'securing') this.#due = null;
    this.#reached.see('stages', this.#session.at);
    this.#hold(event);
  }

  #note(shown: string, at: string | null): void {
    assert.match(shown, /^[ -~\u00A0-\u{10FFFF}]*$/u, 'a log would have a control character');
    if (at === 'authenticating') assert.equal(shown, '***');
    const verb = /^[A-Za-z]+/.exec(shown)?.[0].toUpperCase() ?? 'nothing';
    if (at !== null) this.#reached.see('commands in stages', `${verb} in ${at}`);
  }

  #watch(action: Action, isLast: boolean): Event | null {
    switch (action.do) {
      case 'note':
        return null;
      case 'reply':
        this.#reply(action.reply);
        return null;
      case 'login':
        this.#login(action.result);
        return null;
      case 'body':
        this.#take(Buffer.from(action.chunk).toString('latin1'));
        return null;
      case 'drop':
        this.#content = '';
        this.#mayHaveContent = false;
        this.#say('drop\r\n');
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
    assert.match(wire, replyGrammar);
    const name = nameOfReply(reply, wire);
    assert(name !== null, `a reply that the catalogue does not have: ${wire}`);
    this.#reached.see('replies', name);
    // A letter by BDAT that is given up for the handshake is dropped first; one that the close gives up is not.
    if (name === 'startTls' || name === 'injected')
      this.saidBeforeTls ??= this.said?.replace(/drop\r\n$/, '').length ?? null;
    if (name === 'injected') this.wasInjected = true;
    if (name === 'startData') this.#way = 'DATA';
    if (name === 'chunkTaken') this.#way = 'BDAT';
    this.#say(wire);
  }

  #login(result: LoginResult): void {
    const { outcome, mechanism } = result;
    this.#reached.see('ends of AUTH', outcome);
    if (mechanism !== null)
      this.#reached.see('mechanisms', `${mechanism} ${outcome === 'in' ? 'succeeds' : 'fails'}`);
    this.#say(`login ${JSON.stringify(result)}\r\n`);
  }

  #take(text: string): void {
    assert(this.#mayHaveContent, 'content without room for it');
    this.#content += text;
    const { messageBytes } = this.#settings.limits;
    assert(this.#content.length <= messageBytes, 'more content than a message may have');
    if (this.said !== null) this.said += text;
  }

  #answer(question: Question): Event {
    this.#say(`ask ${question.ask}\r\n`);
    const { door } = this.#settings;
    if (question.ask === 'login' || question.ask === 'enrol') assert(door === 'submission');
    assert(
      this.#isSecured || this.#settings.protection === 'not-required',
      `${question.ask} is asked without TLS`,
    );
    if ('envelope' in question) this.#holdEnvelope(question.envelope, question.ask);
    if (question.ask === 'room' || question.ask === 'deliver')
      assert(question.envelope.recipients.length > 0, `${question.ask} is asked without a recipient`);
    if (question.ask === 'deliver') this.#seeLetter(question.envelope);
    const verdict = verdictOf(question, door, this.#random);
    this.#reached.see('verdicts', `${question.ask} ${verdict.verdict}`);
    if (question.ask === 'room') this.#content = '';
    this.#mayHaveContent = question.ask === 'room' && verdict.verdict === 'accepted';
    return { on: 'verdict', verdict, to: question };
  }

  #holdEnvelope({ login, recipients }: Envelope, ask: string): void {
    const mustLogIn = this.#settings.door === 'submission';
    assert(mustLogIn === (login !== null), `${ask} is asked without a login`);
    assert(recipients.length <= this.#settings.limits.recipients);
  }

  #seeLetter({ body, smtpUtf8, requests, recipients, sender }: Envelope): void {
    if (body !== 'BINARYMIME')
      assert.doesNotMatch(this.#content, bareLineEnd, 'text with a bare line end is handed on');
    const see = (facet: string): void => this.#reached.see('letters', facet);
    see(`${this.#settings.door} ${body === 'BINARYMIME' ? 'BDAT' : this.#way}`);
    see(body);
    if (smtpUtf8) see('SMTPUTF8');
    if (sender === null) see('null sender');
    for (const [name, value] of Object.entries(requests ?? {}))
      if (value !== null && value !== false) see(name);
    for (const recipient of recipients) {
      see(recipient.is);
      for (const [name, value] of Object.entries(recipient.requests ?? {})) if (value !== null) see(name);
    }
  }

  /** What holds between two events. */
  #hold(event: Event): void {
    const { at, heldBytes } = this.#session;
    if (at === 'closed') return assert(this.#closed);
    assert.equal(this.#due !== null, at === 'asking' || at === 'securing', `stuck in ${at}`);
    assert(at !== 'authenticating' || this.#settings.door === 'submission');
    const arrived = event.on === 'bytes' ? event.chunk.length : 0;
    // Whoever asks reads nothing: the driver stops reading, and what was under way is kept.
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
