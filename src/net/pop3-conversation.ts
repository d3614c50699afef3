import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ForeignProtocol } from '../bytes/foreign.ts';
import type { Endpoints, Secured } from '../mail/transport.ts';
import type { OpenMaildrop, Pop3Policy, Reading } from '../policy/pop3.ts';
import { formatReply, say, showReply } from '../pop3/reply.ts';
import { Pop3Session } from '../pop3/server/session.ts';
import type { Action, Event, Question, Settings, Verdict } from '../pop3/session.ts';
import type { Eventually } from '../result.ts';
import type { LoginResult } from '../sasl/login-result.ts';
import { connectionLimits } from './connection-limits.ts';
import { leave } from './farewell.ts';
import type { Journal } from './journal.ts';
import type { Patience, Patient } from './patience.ts';
import type { Conversation, ConversationParts, Upgrade } from './session-door.ts';

/** What all conversations of a door share. */
export type Pop3House = {
  readonly settings: Settings;
  readonly policy: Pop3Policy;
  readonly journal: Journal;
  readonly patience: Patience;
};

/**
 * One POP3 connection: the engine on a socket. What a pipelined group is answered goes out in few large writes; where the
 * peer does not fetch it, no more is read, neither from it nor from the store.
 */
export class Pop3Conversation implements Patient, Conversation {
  readonly #house: Pop3House;
  readonly #session: Pop3Session;
  readonly #endpoints: Endpoints;
  readonly #via: string | null;
  readonly #upgrade: Upgrade | null;
  readonly #done: () => void;
  /** Names the connection in the log. */
  readonly #id = randomBytes(6).toString('base64url');
  #socket: Socket;
  #out: Uint8Array[] = [];
  #outBytes = 0;
  /** How often the peer has fetched all that was sent. */
  #fetched = 0;
  /** Goes on when the peer has fetched all that was sent; null where nobody waits for that. */
  #onFetched: (() => void) | null = null;
  #asking = false;
  #ended = false;
  #closed = false;
  #stopping = false;
  #maildrop: OpenMaildrop | null = null;
  #removing = false;
  /** What is left of the letter under way. */
  #rest: Reading['rest'] = null;

  constructor(parts: ConversationParts & { readonly house: Pop3House }) {
    this.#house = parts.house;
    this.#socket = parts.socket;
    this.#endpoints = parts.endpoints;
    this.#via = parts.via;
    this.#upgrade = parts.upgrade;
    this.#done = parts.done;
    this.#session = new Pop3Session(parts.house.settings);
  }

  get progress(): number {
    return this.#session.progress + this.#fetched;
  }

  readonly letterBytes = 0;

  get busy(): boolean {
    return this.#asking && this.#onFetched === null;
  }

  start(secured: Secured | null): void {
    const { journal, patience } = this.#house;
    journal.info('pop3.connected', {
      id: this.#id,
      peer: this.#endpoints.remoteAddress,
      port: this.#endpoints.remotePort,
      ...(this.#via === null ? {} : { proxy: this.#via }),
      tls: secured?.tls ?? null,
    });
    patience.add(this);
    this.#listen();
    this.#drive({ on: 'connected', secured });
  }

  timeOut(): void {
    // Whoever fetches nothing would not read a word either.
    if (this.#onFetched === null) this.#drive({ on: 'timeout' });
    else this.#socket.destroy();
  }

  stop(): void {
    if (!this.#asking) this.#drive({ on: 'stopping' });
    else this.#stopping = true;
  }

  destroy(): void {
    this.#socket.destroy();
  }

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
    this.#fetched += 1;
    const onFetched = this.#onFetched;
    this.#onFetched = null;
    onFetched?.();
    if (!this.#asking) this.#socket.resume();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (!this.#asking) this.#socket.end();
  };

  readonly #onError = (error: Error): void => {
    this.#house.journal.debug('pop3.socket', { id: this.#id, error: error.message });
    this.#socket.destroy();
  };

  /** A session that dies removes nothing, and the maildrop is free for the next. */
  readonly #onClose = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#house.patience.remove(this);
    this.#forgetLetter();
    if (!this.#removing) this.#maildrop?.close();
    this.#house.journal.info('pop3.closed', { id: this.#id });
    this.#done();
  };

  /** Gives the engine an event and does what it wants. A fault of the engine ends this session and no other. */
  #drive(event: Event): void {
    try {
      this.#run(event);
    } catch (error) {
      this.#put(Buffer.from(formatReply(say.fault(this.#fault('engine', error)))));
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
        if (verdict === null || action.do !== 'ask') continue;
        if (verdict instanceof Promise) this.#wait(verdict, action.question);
        else next = { on: 'verdict', verdict, to: action.question };
      }
    }
    this.#flush();
  }

  /** Does one thing; a question's verdict is the result. */
  #act(action: Action): Eventually<Verdict> | null {
    const { journal, settings } = this.#house;
    switch (action.do) {
      case 'note':
        journal.info('pop3.command', { id: this.#id, command: action.shown });
        return null;
      case 'reply':
        if (settings.trace) journal.info('pop3.reply', { id: this.#id, reply: showReply(action.reply) });
        this.#put(Buffer.from(formatReply(action.reply), 'latin1'));
        return null;
      case 'send':
        this.#put(action.chunk);
        return null;
      case 'enough':
        this.#forgetLetter();
        return null;
      case 'foreign':
        journal.warn('pop3.foreign', {
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

  /** Says what is to be said and closes; the maildrop is free before the client can know that. */
  #leave(): void {
    this.#maildrop?.close();
    this.#flush();
    this.#socket.off('data', this.#onData);
    leave(this.#socket);
  }

  #ask(question: Question): Eventually<Verdict> {
    try {
      const verdict = this.#answer(question);
      return verdict instanceof Promise ? this.#faultless(verdict, question) : verdict;
    } catch (error) {
      return { verdict: 'fault', id: this.#fault(question.ask, error) };
    }
  }

  #answer(question: Question): Eventually<Verdict> {
    switch (question.ask) {
      case 'login':
        return this.#login(question);
      case 'maildrop':
        return this.#open(question.account);
      case 'letter':
        return this.#hasRoom
          ? this.#letter(question.number)
          : this.#whenFetched(() => this.#letter(question.number));
      case 'more':
        return this.#hasRoom ? this.#more() : this.#whenFetched(() => this.#more());
      case 'room':
        return this.#hasRoom ? accepted : this.#whenFetched(() => accepted);
      case 'remove':
        return this.#remove(question.numbers);
    }
  }

  async #login({ question }: Extract<Question, { ask: 'login' }>): Promise<Verdict> {
    const answer = await this.#house.policy.login(question, this.#endpoints.remoteAddress);
    return { verdict: 'sasl', answer };
  }

  async #open(account: string): Promise<Verdict> {
    const opened = await this.#house.policy.open(account);
    if (!opened.ok) {
      this.#house.journal.warn('pop3.no-maildrop', { id: this.#id, account, why: opened.refusal });
      return { verdict: 'refused', why: opened.refusal };
    }
    const maildrop = opened.value;
    if (this.#closed) maildrop.close();
    this.#maildrop = maildrop;
    const { letters } = maildrop;
    this.#house.journal.info('pop3.maildrop', { id: this.#id, account, letters: letters.count });
    return { verdict: 'maildrop', maildrop: letters };
  }

  #letter(number: number): Eventually<Verdict> {
    const maildrop = this.#maildrop;
    if (maildrop === null) throw new Error('a letter is asked for, and no maildrop is open');
    const read = maildrop.read(number);
    return read instanceof Promise ? read.then((found) => this.#begun(found)) : this.#begun(read);
  }

  #begun(reading: Reading | null): Verdict {
    if (reading === null) return { verdict: 'refused', why: 'gone' };
    this.#rest = reading.rest;
    if (this.#closed) this.#forgetLetter();
    return { verdict: 'pieces', pieces: reading.pieces, isWhole: reading.rest === null };
  }

  async #more(): Promise<Verdict> {
    const next = await this.#rest?.next();
    if (next === undefined || next.done === true) {
      this.#rest = null;
      return { verdict: 'pieces', pieces: [], isWhole: true };
    }
    return { verdict: 'pieces', pieces: next.value, isWhole: false };
  }

  /** Ends the reading of a letter that nobody wants any more, so that no file stays open. */
  #forgetLetter(): void {
    const rest = this.#rest;
    this.#rest = null;
    rest?.return?.().catch((error: unknown) => void this.#fault('enough', error));
  }

  async #remove(numbers: readonly number[]): Promise<Verdict> {
    const maildrop = this.#maildrop;
    if (maildrop === null) throw new Error('letters are to be removed, and no maildrop is open');
    this.#removing = true;
    try {
      const removed = await maildrop.remove(numbers);
      if (!removed.ok) return { verdict: 'refused', why: removed.refusal };
      this.#house.journal.info('pop3.removed', { id: this.#id, letters: numbers.length });
      return { verdict: 'removed' };
    } finally {
      this.#removing = false;
      maildrop.close();
    }
  }

  /** Puts a fault into the log under an id, which the peer is told as well. */
  #fault(asked: string, error: unknown): string {
    const fault = randomBytes(6).toString('base64url');
    this.#house.journal.error('pop3.fault', { id: this.#id, fault, asked, error });
    return fault;
  }

  /** Faults end here, once: the peer gets an id, the log gets the same id and the cause. */
  async #faultless(verdict: Promise<Verdict>, question: Question): Promise<Verdict> {
    try {
      return await verdict;
    } catch (error) {
      if (error instanceof Error && error.name === 'StoreOverloaded')
        return { verdict: 'refused', why: 'overloaded' };
      return { verdict: 'fault', id: this.#fault(question.ask, error) };
    }
  }

  #noteLogin({ outcome, account, mechanism, channelBinding }: LoginResult): void {
    const peer = this.#endpoints.remoteAddress;
    const bound = channelBinding === null ? {} : { binding: channelBinding };
    const fields = { id: this.#id, outcome, account, mechanism, ...bound, peer };
    if (outcome === 'in') this.#house.journal.info('pop3.login', fields);
    else this.#house.journal.warn('pop3.login', fields);
  }

  #wait(verdict: Promise<Verdict>, to: Question): void {
    this.#asking = true;
    void verdict.then((given) => {
      this.#asking = false;
      if (this.#closed) return undefined;
      this.#drive({ on: 'verdict', verdict: given, to });
      if (this.#asking) return undefined;
      if (this.#stopping) this.#drive({ on: 'stopping' });
      if (this.#ended) this.#socket.end();
      else if (!this.#socket.writableNeedDrain) this.#socket.resume();
      return undefined;
    });
  }

  #put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#out.push(bytes);
    this.#outBytes += bytes.length;
  }

  /** Whether more may be put together before the peer has fetched what there is. */
  get #hasRoom(): boolean {
    return this.#outBytes + this.#socket.writableLength < connectionLimits.unsentBytes;
  }

  /** The same when the peer has fetched all that was sent; never where it is gone. */
  #whenFetched(answer: () => Eventually<Verdict>): Promise<Verdict> {
    this.#flush();
    if (!this.#socket.writableNeedDrain) return Promise.resolve().then(answer);
    return new Promise<void>((resolve) => {
      this.#onFetched = resolve;
    }).then(answer);
  }

  #flush(): void {
    if (this.#outBytes === 0) return;
    const [only] = this.#out;
    const bytes =
      this.#out.length === 1 && only !== undefined ? only : Buffer.concat(this.#out, this.#outBytes);
    this.#out = [];
    this.#outBytes = 0;
    if (this.#socket.destroyed) return;
    if (!this.#socket.write(bytes) && this.#socket.writableLength > connectionLimits.unsentBytes)
      this.#socket.pause();
  }

  /** Nothing of the plain connection survives: its listeners go before the handshake begins (RFC 2595 section 2.2). */
  #secure(): void {
    this.#flush();
    const plain = this.#socket;
    const upgrade = this.#upgrade;
    if (upgrade === null) throw new Error('the engine offers STLS on a door that has none');
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
      this.#listen();
      this.#house.journal.info('pop3.secured', { id: this.#id, tls: upgraded.secured.tls });
      this.#drive({ on: 'secured', secured: upgraded.secured });
      if (this.#stopping) this.#drive({ on: 'stopping' });
      return undefined;
    });
  }
}

const accepted: Verdict = { verdict: 'accepted' };

/** What the log says of clients that came to the wrong door. */
const foreign: Readonly<Record<ForeignProtocol, string>> = {
  TLS: 'the client speaks TLS from the first byte to a door that begins in the clear (the door for implicit TLS is another)',
  HTTP: 'the client speaks HTTP to a door of POP3',
  PROXY: 'the peer sent a PROXY header, and is none of the proxies of this door',
};
