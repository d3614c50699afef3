import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { networkOf } from '../accounts/network.ts';
import { Collector } from '../bytes/collector.ts';
import type { Endpoints } from '../mail/transport.ts';
import type { Content, Visit } from '../policy/reception.ts';
import type { Eventually } from '../result.ts';
import { formatReply, say, showReply } from '../smtp/reply.ts';
import { SmtpSession } from '../smtp/server/session.ts';
import type { ForeignProtocol } from '../bytes/foreign.ts';
import type { Proxied } from '../smtp/proxied.ts';
import type {
  Action,
  Envelope,
  Event,
  LoginResult,
  Question,
  Refusal,
  Secured,
  Settings,
  Verdict,
} from '../smtp/session.ts';
import { connectionLimits } from './connection-limits.ts';
import type { Arrival } from './entrance.ts';
import { leave } from './farewell.ts';
import type { Journal } from './journal.ts';
import type { Patience, Patient } from './patience.ts';
import type { Room } from './room.ts';
import type { Conversation, ConversationParts, Upgrade } from './session-door.ts';

/** Who answers the questions of a door's sessions. Both reject for faults only. */
export interface DoorPolicy {
  answer(
    question: Exclude<Question, { ask: 'room' | 'deliver' | 'proxied' }>,
    visit: Visit,
  ): Eventually<Verdict>;
  /** When this resolves with `delivered`, the letter is on disk for every recipient. */
  deliver(envelope: Envelope, secured: Secured | null, visit: Visit, content: Content): Promise<Verdict>;
}

/** What all conversations of a door share. */
export type SmtpHouse = {
  readonly settings: Settings;
  readonly policy: DoorPolicy;
  readonly journal: Journal;
  readonly patience: Patience;
  readonly room: Room;
};

/**
 * One SMTP connection: the engine on a socket. Replies of a pipelined group go out in one write; while the server
 * thinks no more is read than was on its way, and while the peer does not fetch its replies, nothing.
 */
export class SmtpConversation implements Patient, Conversation {
  readonly #house: SmtpHouse;
  readonly #session: SmtpSession;
  /** Whom the peer speaks for by XCLIENT; else the ends that it arrived with. */
  #endpoints: Endpoints;
  readonly #arrived: Endpoints;
  readonly #via: string | null;
  readonly #speakFor: Arrival['speakFor'];
  readonly #upgrade: Upgrade | null;
  readonly #done: () => void;
  /** Names the connection in the log. */
  readonly #id = randomBytes(6).toString('base64url');
  #socket: Socket;
  #out = '';
  #asking = false;
  #ended = false;
  #closed = false;
  #body = new Collector();
  /** Whose share of the room the letter under way takes. */
  #holder = '';
  #takenBytes = 0;
  #overloaded = false;

  constructor(parts: ConversationParts & { readonly house: SmtpHouse }) {
    this.#house = parts.house;
    this.#socket = parts.socket;
    this.#endpoints = parts.endpoints;
    this.#arrived = parts.endpoints;
    this.#via = parts.via;
    this.#speakFor = parts.speakFor;
    this.#upgrade = parts.upgrade;
    this.#done = parts.done;
    this.#session = new SmtpSession(parts.house.settings);
  }

  get progress(): number {
    return this.#session.progress;
  }

  get letterBytes(): number {
    return this.#session.letterBytes;
  }

  get busy(): boolean {
    return this.#asking;
  }

  /** Greets, and serves until one side has had enough. */
  start(secured: Secured | null): void {
    const { journal, patience } = this.#house;
    journal.info('smtp.connected', {
      id: this.#id,
      peer: this.#endpoints.remoteAddress,
      port: this.#endpoints.remotePort,
      ...(this.#via === null ? {} : { proxy: this.#via }),
      tls: secured?.tls ?? null,
    });
    patience.add(this);
    this.#listen();
    this.#drive({ on: 'connected', secured, ...(this.#speakFor === null ? {} : { trust: 'xclient' }) });
  }

  timeOut(): void {
    this.#drive({ on: 'timeout' });
  }

  /** The server is going down: what is under way may end, nothing new begins. */
  stop(): void {
    if (!this.#asking) this.#drive({ on: 'stopping' });
    else this.#stopping = true;
  }

  /** Hangs up at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #stopping = false;

  #listen(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    // Where a proxy spoke first, the socket was paused behind its words.
    socket.resume();
  }

  /** What comes while a question is open waits in the session; then the peer has to wait as well. */
  readonly #onData = (chunk: Buffer): void => {
    if (this.#asking) this.#socket.pause();
    this.#drive({ on: 'bytes', chunk });
  };

  readonly #onDrain = (): void => {
    if (!this.#asking) this.#socket.resume();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (!this.#asking) this.#socket.end();
  };

  readonly #onError = (error: Error): void => {
    this.#house.journal.debug('smtp.socket', { id: this.#id, error: error.message });
    this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#house.patience.remove(this);
    if (!this.#asking) this.#forgetBody();
    this.#house.journal.info('smtp.closed', { id: this.#id });
    this.#done();
  };

  /** Gives the engine an event and does what it wants. A fault of the engine ends this session and no other. */
  #drive(event: Event): void {
    try {
      this.#run(event);
    } catch (error) {
      this.#out += formatReply(say.fault(this.#fault('engine', error)));
      this.#leave();
    }
  }

  #run(event: Event): void {
    let next: Event | null = event;
    while (next !== null) {
      const actions: Action[] = this.#session.handle(next);
      next = null;
      for (const action of actions) {
        const verdict = this.#act(action);
        if (verdict === null) continue;
        if (action.do !== 'ask') continue;
        if (verdict instanceof Promise) {
          this.#wait(verdict, action.question);
          break;
        }
        next = { on: 'verdict', verdict, to: action.question };
      }
    }
    this.#flush();
  }

  /** Does one thing; a question's verdict is the result. */
  #act(action: Action): Eventually<Verdict> | null {
    switch (action.do) {
      case 'note':
        this.#house.journal.info('smtp.command', { id: this.#id, command: action.shown });
        return null;
      case 'reply':
        if (this.#house.settings.trace)
          this.#house.journal.info('smtp.reply', { id: this.#id, reply: showReply(action.reply) });
        this.#out += formatReply(action.reply);
        return null;
      case 'body':
        this.#collect(action.chunk);
        return null;
      case 'drop':
        this.#forgetBody();
        return null;
      case 'foreign':
        this.#house.journal.warn('smtp.foreign', {
          id: this.#id,
          peer: this.#endpoints.remoteAddress,
          why: foreign[action.protocol],
        });
        return null;
      case 'login':
        this.#noteLogin(action.result);
        return null;
      case 'ask':
        return this.#ask(action.question);
      case 'secure':
        this.#secure();
        return null;
      case 'close':
        this.#leave();
        return null;
    }
  }

  /** Says what is to be said and closes; whatever still comes is thrown away, so that no reset overtakes the farewell. */
  #leave(): void {
    this.#flush();
    this.#socket.off('data', this.#onData);
    leave(this.#socket);
  }

  #ask(question: Question): Eventually<Verdict> {
    try {
      const verdict = this.#answer(question);
      if (verdict instanceof Promise) return this.#faultless(verdict, question);
      if (verdict.verdict === 'refused') this.#noteMisuse(question, verdict.why);
      return verdict;
    } catch (error) {
      return { verdict: 'fault', id: this.#fault(question.ask, error) };
    }
  }

  #answer(question: Question): Eventually<Verdict> {
    const { policy, room } = this.#house;
    const visit = { endpoints: this.#endpoints };
    switch (question.ask) {
      case 'room':
        this.#forgetBody();
        this.#overloaded = false;
        this.#holder = this.#holderOf(question.envelope);
        return room.fits(question.envelope.announcedBytes ?? 0, this.#holder)
          ? { verdict: 'accepted' }
          : overloaded;
      case 'deliver': {
        if (this.#overloaded) return overloaded;
        const { sizeBytes } = this.#body;
        const content = { chunks: this.#body.take(), sizeBytes };
        return policy.deliver(question.envelope, question.secured, visit, content);
      }
      case 'proxied':
        return this.#proxied(question.endpoints);
      default:
        return policy.answer(question, visit);
    }
  }

  /** From here on the connection is that of the client whom the proxy speaks for, if that one may come. */
  #proxied(endpoints: Proxied): Verdict {
    const { remoteAddress } = endpoints;
    const why = remoteAddress === undefined ? null : (this.#speakFor?.(remoteAddress) ?? null);
    if (why !== null) return { verdict: 'refused', why: { why } };
    this.#endpoints = { ...this.#endpoints, ...endpoints };
    this.#house.journal.info('smtp.proxied', {
      id: this.#id,
      peer: this.#endpoints.remoteAddress,
      port: this.#endpoints.remotePort,
      proxy: this.#arrived.remoteAddress,
    });
    return { verdict: 'accepted' };
  }

  /** What the proxy said in the clear is forgotten with everything else (RFC 3207 section 4.2). */
  #unproxied(): void {
    if (this.#endpoints === this.#arrived) return;
    this.#endpoints = this.#arrived;
    if ((this.#speakFor?.(this.#arrived.remoteAddress) ?? null) !== null) this.#socket.destroy();
  }

  /** Puts a fault into the log under an id, which the peer is told as well. */
  #fault(asked: string, error: unknown): string {
    const fault = randomBytes(6).toString('base64url');
    this.#house.journal.error('smtp.fault', { id: this.#id, fault, asked, error });
    return fault;
  }

  /** Faults end here, once: the peer gets an id, the log gets the same id and the cause. */
  async #faultless(verdict: Promise<Verdict>, question: Question): Promise<Verdict> {
    try {
      const given = await verdict;
      if (given.verdict === 'refused') this.#noteMisuse(question, given.why);
      if (question.ask === 'deliver') this.#noteDelivery(given, question.envelope.recipients.length);
      return given;
    } catch (error) {
      if (error instanceof Error && error.name === 'StoreOverloaded') return overloaded;
      const id = this.#fault(question.ask, error);
      const isFull = error instanceof Error && error.name === 'StoreFull';
      return isFull && question.ask === 'deliver'
        ? { verdict: 'refused', why: { why: 'disk-full', id } }
        : { verdict: 'fault', id };
    } finally {
      if (question.ask === 'deliver') this.#forgetBody();
    }
  }

  /** One line for a letter that somebody got; of LMTP, with how many of its recipients did. */
  #noteDelivery(verdict: Verdict, count: number): void {
    const outcomes = verdict.verdict === 'each' ? verdict.outcomes : [verdict];
    const delivered = outcomes.filter((outcome) => outcome.verdict === 'delivered');
    const [first] = delivered;
    if (first === undefined) return;
    const recipients = verdict.verdict === 'each' ? delivered.length : count;
    this.#house.journal.info('smtp.delivered', { id: this.#id, letter: first.id, recipients });
  }

  #noteLogin({ outcome, account, mechanism, channelBinding }: LoginResult): void {
    const peer = this.#endpoints.remoteAddress;
    const bound = channelBinding === null ? {} : { binding: channelBinding };
    const fields = { id: this.#id, outcome, account, mechanism, ...bound, peer };
    if (outcome === 'in') this.#house.journal.info('smtp.login', fields);
    else this.#house.journal.warn('smtp.login', fields);
  }

  /** Somebody who logged in sends as somebody else, or too much: a mistake, or a stolen password (RFC 6409 section 5.2). */
  #noteMisuse(question: Question, refusal: Refusal): void {
    const { why } = refusal;
    if (why !== 'not-yours' && why !== 'from-not-yours' && why !== 'sent-too-much') return;
    if (!('envelope' in question)) return;
    const account = question.envelope.login?.account ?? null;
    this.#house.journal.warn('smtp.misuse', { id: this.#id, account, asked: question.ask, refusal });
  }

  #wait(verdict: Promise<Verdict>, to: Question): void {
    this.#asking = true;
    void verdict.then((given) => {
      this.#asking = false;
      if (this.#closed) return this.#forgetBody();
      this.#drive({ on: 'verdict', verdict: given, to });
      if (this.#asking) return undefined;
      if (this.#stopping) this.#drive({ on: 'stopping' });
      if (this.#ended) this.#socket.end();
      else if (!this.#socket.writableNeedDrain) this.#socket.resume();
      return undefined;
    });
  }

  /** Who logged in is one; of strangers, each network is. */
  #holderOf({ login }: Envelope): string {
    return login === null
      ? `network ${networkOf(this.#endpoints.remoteAddress).narrow}`
      : `account ${login.account}`;
  }

  #collect(chunk: Uint8Array): void {
    if (this.#overloaded) return;
    if (!this.#house.room.take(chunk.length, this.#holder)) {
      this.#forgetBody();
      this.#overloaded = true;
      return;
    }
    this.#takenBytes += chunk.length;
    this.#body.push(chunk);
  }

  #forgetBody(): void {
    this.#house.room.give(this.#takenBytes, this.#holder);
    this.#takenBytes = 0;
    this.#body.take();
  }

  #flush(): void {
    if (this.#out === '' || this.#socket.destroyed) return;
    const out = this.#out;
    this.#out = '';
    if (!this.#socket.write(out) && this.#socket.writableLength > connectionLimits.unsentBytes)
      this.#socket.pause();
  }

  /** Nothing of the plain connection survives: its listeners go before the handshake begins (RFC 3207 section 6). */
  #secure(): void {
    this.#flush();
    const plain = this.#socket;
    const upgrade = this.#upgrade;
    if (upgrade === null) throw new Error('the engine offers STARTTLS on a door that has none');
    for (const [event, listener] of [
      ['data', this.#onData],
      ['drain', this.#onDrain],
      ['end', this.#onEnd],
      ['close', this.#onClose],
    ] as const) {
      plain.off(event, listener);
    }
    plain.pause();
    this.#asking = true;
    void upgrade(plain).then((upgraded) => {
      this.#asking = false;
      if (upgraded === null) return this.#onClose();
      this.#socket = upgraded.socket;
      this.#unproxied();
      this.#listen();
      this.#house.journal.info('smtp.secured', { id: this.#id, tls: upgraded.secured.tls });
      this.#drive({ on: 'secured', secured: upgraded.secured });
      if (this.#stopping) this.#drive({ on: 'stopping' });
      return undefined;
    });
  }
}

/** What the log says of clients that came to the wrong door. */
const foreign: Readonly<Record<ForeignProtocol, string>> = {
  TLS: 'the client speaks TLS from the first byte to a door that begins in the clear (the door for implicit TLS is another)',
  HTTP: 'the client speaks HTTP to a door of SMTP',
  PROXY: 'the peer sent a PROXY header, and is none of the proxies of this door',
};

const overloaded: Verdict = { verdict: 'refused', why: { why: 'overloaded' } };
