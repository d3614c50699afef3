import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Collector } from '../bytes/collector.ts';
import type { Question, Verdict } from '../imap/questions.ts';
import { formatStatus, say } from '../imap/say.ts';
import { ImapSession } from '../imap/server/session.ts';
import type { Action, Event, Settings } from '../imap/session.ts';
import type { Endpoints, Secured } from '../mail/transport.ts';
import type { ImapPolicy, ImapVisit } from '../policy/imap/policy.ts';
import type { Content } from '../policy/reception.ts';
import type { LoginResult } from '../sasl/login-result.ts';
import { connectionLimits } from './connection-limits.ts';
import { deflated } from './deflated.ts';
import { leave } from './farewell.ts';
import type { Journal } from './journal.ts';
import type { Patience, Patient } from './patience.ts';
import type { Room } from './room.ts';
import type { SlowAnswers } from './slow-answers.ts';
import type { Conversation, ConversationParts } from './session-door.ts';

/** What all conversations of a door share. */
export type ImapHouse = {
  readonly settings: Settings;
  readonly policy: ImapPolicy;
  readonly journal: Journal;
  /** How long somebody may be silent who is not logged in, and who is (RFC 9051 section 5.4). */
  readonly patience: { readonly newcomers: Patience; readonly loggedIn: Patience };
  readonly room: Room;
  /** Those whose answers take long are told so. */
  readonly slowAnswers: SlowAnswers;
};

const overloaded: Verdict = { verdict: 'refused', why: { why: 'overloaded' } };

/**
 * One IMAP connection: the engine on a socket. Responses go out in large writes; while the server thinks, or the peer does
 * not fetch what it asked for, nothing is read, and nothing more is looked up for it.
 */
export class ImapConversation implements Patient, Conversation {
  readonly #house: ImapHouse;
  readonly #session: ImapSession;
  readonly #visit: ImapVisit;
  /** Where the connection is compressed, what is inside of it. */
  #socket: Duplex;
  readonly #endpoints: Endpoints;
  readonly #via: string | null;
  readonly #done: () => void;
  /** Names the connection in the log. */
  readonly #id = randomBytes(6).toString('base64url');
  #patience: Patience;
  #out: Uint8Array[] = [];
  #outBytes = 0;
  #asking = false;
  /** The question that waits until the peer has fetched what was said. */
  #held: Question | null = null;
  #fetched = 0;
  #ended = false;
  #closed = false;
  #stopping = false;
  /** The letters of an APPEND under way: those that are whole, and the one that comes. */
  #letters: Content[] = [];
  #body = new Collector();
  #takenBytes = 0;
  #overloaded = false;

  constructor(parts: ConversationParts & { readonly house: ImapHouse }) {
    this.#house = parts.house;
    this.#socket = parts.socket;
    parts.socket.setNoDelay(true);
    this.#endpoints = parts.endpoints;
    this.#via = parts.via;
    this.#done = parts.done;
    this.#patience = parts.house.patience.newcomers;
    this.#session = new ImapSession(parts.house.settings);
    this.#visit = parts.house.policy.visit(parts.endpoints, (mailboxes) => {
      if (!this.#closed) this.#drive({ on: 'changed', mailboxes });
    });
  }

  get progress(): number {
    return this.#session.progress + this.#fetched;
  }

  get letterBytes(): number {
    return this.#session.letterBytes;
  }

  /** Whoever does not fetch what was asked for keeps this side waiting, and not the other way round. */
  get busy(): boolean {
    return this.#asking && this.#held === null;
  }

  /** Greets, and serves until one side has had enough. */
  start(secured: Secured | null): void {
    this.#house.journal.info('imap.connected', {
      id: this.#id,
      peer: this.#endpoints.remoteAddress,
      port: this.#endpoints.remotePort,
      ...(this.#via === null ? {} : { proxy: this.#via }),
      tls: secured?.tls ?? null,
    });
    this.#patience.add(this);
    this.#listen();
    // Where a proxy spoke first, the socket was paused behind its words.
    this.#socket.resume();
    this.#drive({ on: 'connected', secured });
  }

  /** Hears what the socket has to tell, until another one is inside of it. */
  #listen(): void {
    const socket = this.#socket;
    const isCurrent = (): boolean => socket === this.#socket;
    socket.on('data', (chunk: Buffer) => {
      if (isCurrent()) this.#drive({ on: 'bytes', chunk });
    });
    socket.on('drain', () => {
      if (isCurrent()) this.#drained();
    });
    socket.on('end', () => {
      if (!isCurrent()) return;
      this.#ended = true;
      if (!this.#asking) socket.end();
    });
    socket.on('error', (error) => {
      this.#house.journal.debug('imap.socket', { id: this.#id, error: error.message });
      socket.destroy();
    });
    socket.on('close', () => this.#over());
  }

  /** Everything behind what was said so far is compressed. */
  #compress(): void {
    this.#flush();
    this.#socket = deflated(this.#socket, {
      exemptBytes: () => this.#session.letterBytes,
      swollen: () => this.#drive({ on: 'swollen' }),
    });
    this.#listen();
  }

  /** Whoever has enough to fetch is not kept waiting by this side. */
  stillWaits(): void {
    if (this.busy) this.#drive({ on: 'waiting' });
  }

  timeOut(): void {
    // Who does not read could not read a farewell.
    if (this.#held !== null) this.#socket.destroy();
    else this.#drive({ on: 'timeout' });
  }

  /** The server is going down: what is under way may end, nothing new begins. */
  stop(): void {
    if (this.#asking) this.#stopping = true;
    else this.#drive({ on: 'stopping' });
  }

  /** Hangs up at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #over(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = null;
    this.#patience.remove(this);
    this.#visit.end();
    if (!this.#asking) this.#forgetLetters();
    this.#house.journal.info('imap.closed', { id: this.#id });
    this.#done();
  }

  #drained(): void {
    this.#fetched += 1;
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#wait(this.#answer(held), held);
    else if (!this.#asking) this.#socket.resume();
  }

  /** Gives the engine an event and does what it wants. A fault of the engine ends this session and no other. */
  #drive(event: Event): void {
    try {
      for (const action of this.#session.handle(event)) this.#act(action);
      this.#flush();
    } catch (error) {
      this.#house.journal.error('imap.fault', { id: this.#id, asked: 'engine', error });
      // Where it was in a response nobody knows.
      this.#socket.destroy();
    }
  }

  #act(action: Action): void {
    const { journal } = this.#house;
    switch (action.do) {
      case 'note':
        return journal.info('imap.command', { id: this.#id, command: action.shown });
      case 'send':
        this.#out.push(action.octets);
        this.#outBytes += action.octets.length;
        return undefined;
      case 'login':
        return this.#noteLogin(action.result);
      case 'body':
        return this.#collect(action.chunk, action.ends);
      case 'drop':
        return this.#forgetLetters();
      case 'logout':
        return this.#logout();
      case 'compress':
        return this.#compress();
      case 'foreign':
        return journal.warn('imap.foreign', {
          id: this.#id,
          peer: this.#endpoints.remoteAddress,
          why: action.protocol,
        });
      case 'ask':
        return this.#ask(action.question);
      case 'close':
        return this.#leave();
    }
  }

  /** Puts the question, or holds it back while the peer has enough to fetch. */
  #ask(question: Question): void {
    this.#asking = true;
    this.#socket.pause();
    this.#flush();
    if (this.#socket.writableNeedDrain && this.#socket.writableLength > connectionLimits.unsentBytes)
      this.#held = question;
    else this.#wait(this.#answer(question), question);
  }

  async #answer(question: Question): Promise<Verdict> {
    try {
      if (question.ask === 'append') return await this.#append(question);
      if (question.ask === 'room' && !this.#hasRoom(question.sizeBytes)) return overloaded;
      return await this.#visit.answer(question);
    } catch (error) {
      if (error instanceof Error && error.name === 'StoreOverloaded') return overloaded;
      const fault = randomBytes(6).toString('base64url');
      this.#house.journal.error('imap.fault', { id: this.#id, fault, asked: question.ask, error });
      return { verdict: 'fault', id: fault };
    }
  }

  #wait(answer: Promise<Verdict>, to: Question): void {
    const { slowAnswers } = this.#house;
    slowAnswers.add(this);
    void answer.then((verdict) => {
      slowAnswers.remove(this);
      this.#asking = false;
      if (this.#closed) return this.#forgetLetters();
      this.#drive({ on: 'verdict', verdict, to });
      if (this.#asking || this.#closed) return undefined;
      if (this.#stopping) this.#drive({ on: 'stopping' });
      if (this.#ended) this.#socket.end();
      else if (!this.#socket.writableNeedDrain) this.#socket.resume();
      return undefined;
    });
  }

  /** Whose letters they are is known by now, and who fills the share of an account is that account. */
  get #holder(): string {
    return `account ${this.#account ?? ''}`;
  }
  #account: string | null = null;

  #hasRoom(sizeBytes: number): boolean {
    return this.#house.room.fits(sizeBytes, this.#holder);
  }

  #collect(chunk: Uint8Array, ends: boolean): void {
    if (this.#overloaded) return;
    if (!this.#house.room.take(chunk.length, this.#holder)) {
      this.#forgetLetters();
      this.#overloaded = true;
      return;
    }
    this.#takenBytes += chunk.length;
    this.#body.push(chunk);
    if (!ends) return;
    const { sizeBytes } = this.#body;
    this.#letters.push({ chunks: this.#body.take(), sizeBytes });
  }

  async #append({ mailbox, letters }: Extract<Question, { ask: 'append' }>): Promise<Verdict> {
    try {
      if (this.#overloaded) return overloaded;
      return await this.#visit.append(mailbox, letters, this.#letters);
    } finally {
      this.#forgetLetters();
    }
  }

  #forgetLetters(): void {
    this.#house.room.give(this.#takenBytes, this.#holder);
    this.#takenBytes = 0;
    this.#overloaded = false;
    this.#body.take();
    this.#letters = [];
  }

  #noteLogin({ outcome, account, mechanism, channelBinding }: LoginResult): void {
    const { journal, patience } = this.#house;
    const bound = channelBinding === null ? {} : { binding: channelBinding };
    const peer = this.#endpoints.remoteAddress;
    const fields = { id: this.#id, outcome, account, mechanism, ...bound, peer };
    if (outcome !== 'in') return journal.warn('imap.login', fields);
    this.#account = account;
    this.#patience.remove(this);
    this.#patience = patience.loggedIn;
    this.#patience.add(this);
    return journal.info('imap.login', fields);
  }

  #logout(): void {
    const { journal, patience } = this.#house;
    journal.info('imap.logout', { id: this.#id, account: this.#account });
    this.#visit.logout();
    this.#account = null;
    this.#patience.remove(this);
    this.#patience = patience.newcomers;
    this.#patience.add(this);
  }

  /** Says what is to be said and closes; whatever still comes is thrown away, so that no reset overtakes the farewell. */
  #leave(): void {
    this.#flush();
    this.#socket.removeAllListeners('data');
    leave(this.#socket);
  }

  #flush(): void {
    const octets = this.#out;
    if (octets.length === 0 || this.#socket.destroyed) return;
    this.#out = [];
    const [only] = octets;
    const all = octets.length === 1 && only !== undefined ? only : Buffer.concat(octets, this.#outBytes);
    this.#outBytes = 0;
    if (!this.#socket.write(all) && this.#socket.writableLength > connectionLimits.unsentBytes)
      this.#socket.pause();
  }
}

/** What a client that is not let in is told. */
export const notEntered = (why: string): string =>
  formatStatus('*', why === 'no-proxy-header' ? say.proxyFirst : say.notEntered);
