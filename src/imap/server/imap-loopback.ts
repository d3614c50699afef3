import assert from 'node:assert/strict';
import { agreedSecured } from '../../../test/support/agreed-tls.ts';
import type { Output, PlayedConnection, PlayedWorld } from '../../../test/transcript/dialogue.ts';
import { Collector } from '../../bytes/collector.ts';
import { unescape } from '../../../test/transcript/script.ts';
import type { Secured } from '../../mail/transport.ts';
import { computedLetter } from '../../policy/computed-letter.ts';
import { ImapPolicy, type ImapVisit } from '../../policy/imap/policy.ts';
import { contentHash, type Content } from '../../policy/reception.ts';
import { Secret, type SaslQuestion, type SaslVerdict } from '../../sasl/exchange.ts';
import { scramKeys } from '../../sasl/scram-keys.ts';
import { openMemoryStore } from '../../store/memory/store.ts';
import type { Account, AccountName, Mailbox, Store } from '../../store/port.ts';
import { testVerifiers } from '../../store/contract/fixtures.ts';
import { defaultLimits } from '../limits.ts';
import type { Question, Verdict } from '../questions.ts';
import type { Action, Event, Settings } from '../session.ts';
import { ImapSession } from './session.ts';

/** When everything happens. */
const now = Date.UTC(2026, 10, 22, 17);

/** The keys of `pencil`, as every user of a transcript has it. */
const pencil = scramKeys(new Secret('pencil'), Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);

/** Ada's and Bob's password is `pencil`; others are nobody, and `slow` has guessed too often. */
function answerLogin(question: SaslQuestion): SaslVerdict {
  if (question.ask === 'scram-keys') return { verdict: 'scram-keys', keys: pencil };
  const user = question.user ?? 'ada@example.org';
  if (user.startsWith('slow')) return { verdict: 'refused', why: { why: 'throttled', waitSeconds: 8 } };
  const account = user.includes('@') ? user : `${user}@example.org`;
  const isRight =
    (question.ask === 'proof' && question.valid) ||
    (question.ask === 'password' && question.password.reveal() === 'pencil') ||
    (question.ask === 'certificate' && question.certificate.emails.includes(account));
  const isSomebody = account === 'ada@example.org' || account === 'bob@example.org';
  return isRight && isSomebody
    ? { verdict: 'login', account }
    : { verdict: 'refused', why: { why: 'credentials' } };
}

/** A store with Ada and Bob, the policy of IMAP, and any number of sessions without sockets. */
export class ImapWorld implements PlayedWorld {
  readonly store: Store;
  readonly policy: ImapPolicy;
  readonly settings: Settings;
  readonly #sessions = new Map<number, LoopbackSession>();
  readonly #shown: (said: Buffer) => Buffer;
  #letters = 0;
  /** Resolves when questions are answered again; null while they are. */
  #held: PromiseWithResolvers<void> | null = null;

  constructor(store: Store, settings: readonly string[] = []) {
    this.store = store;
    this.settings = settingsOf(settings);
    const [capabilities, mailbox] = [shownCapabilities(settings), shownMailbox(settings)];
    this.#shown = (said) => mailbox(capabilities(said));
    const authenticator = { answer: (question: SaslQuestion) => Promise.resolve(answerLogin(question)) };
    this.policy = new ImapPolicy({ store, authenticator, now: () => now });
  }

  connection(number: number): LoopbackSession {
    const known = this.#sessions.get(number);
    if (known !== undefined) return known;
    const made = new LoopbackSession(this.policy, this.settings, this.#shown, () => this.#held?.promise);
    this.#sessions.set(number, made);
    return made;
  }

  async settled(): Promise<void> {
    for (;;) {
      const open = [...this.#sessions.values()].flatMap(({ answering, waits }) =>
        waits ? [] : (answering ?? []),
      );
      if (open.length === 0) return;
      await Promise.all(open);
    }
  }

  /**
   * `letters N`: so many come into Ada's INBOX, with subjects that count on; `letter MAILBOX TEXT`: this one, with escapes;
   * `flag UID KEYWORD` and `expunge UID`: done to a letter of INBOX by somebody else; `quota BYTES [LETTERS]`; `gone`: her account;
   * `hold` and `release`: no question is answered in between.
   */
  async happens(text: string): Promise<void> {
    const [what = '', first = '', ...rest] = text.split(' ');
    const account = await this.account('ada@example.org');
    const inbox = await this.mailbox(account, 'INBOX');
    switch (what) {
      case 'letters':
        for (let count = Number(first); count > 0; count--) await this.deliver(account, inbox, this.#next());
        return;
      case 'letter':
        return this.deliver(account, await this.mailbox(account, first), unescape(rest.join(' ')));
      case 'flag':
        await this.store.setKeywords(account.id, inbox.id, [Number(first) as never], {
          how: 'add',
          keywords: rest,
        });
        return;
      case 'expunge':
        await this.store.expunge(account.id, inbox.id, [Number(first) as never], 'any', now);
        return;
      case 'hold':
        this.#held = Promise.withResolvers();
        return;
      case 'release':
        this.#held?.resolve();
        this.#held = null;
        return;
      case 'quota':
        await this.store.setQuota(account.id, {
          bytes: Number(first),
          letters: rest[0] === undefined ? null : Number(rest[0]),
        });
        return;
      case 'gone':
        await this.store.removeAccount(account.id);
        return;
      default:
        throw new Error(`a transcript does not know what ${what} is`);
    }
  }

  async account(name: string): Promise<Account> {
    const account = await this.store.account(name as AccountName);
    assert(account, name);
    return account;
  }

  async mailbox(account: Account, name: string): Promise<Mailbox> {
    const mailbox = (await this.store.mailboxes(account.id)).find((one) => one.name === name);
    assert(mailbox, name);
    return mailbox;
  }

  async deliver(account: Account, mailbox: Mailbox, octets: Buffer): Promise<void> {
    const content: Content = { chunks: [new Uint8Array(octets)], sizeBytes: octets.length };
    const { stored } = await computedLetter(content.chunks, []);
    const delivered = await this.store.deliver({
      ...content,
      ...stored,
      hash: contentHash(content),
      transport: null,
      receivedAt: now,
      recipients: [
        { account: account.id, forwardPath: '', prefix: new Uint8Array(), mailboxes: [mailbox.id] },
      ],
    });
    assert(delivered.ok);
  }

  #next(): Buffer {
    this.#letters += 1;
    return Buffer.from(
      `From: Bob <bob@example.org>\r\nTo: ada@example.org\r\nSubject: Letter ${this.#letters}\r\n\r\nText ${this.#letters}\r\n`,
    );
  }
}

/** A world with its people. */
export async function openImapWorld(settings: readonly string[] = []): Promise<ImapWorld> {
  const store = openMemoryStore();
  for (const name of ['ada@example.org', 'bob@example.org'])
    await store.createAccount({ name: name as AccountName, verifiers: testVerifiers(), createdAt: 0 });
  return new ImapWorld(store, settings);
}

/**
 * `capability WORD ...` is what a transcript shows of the capabilities, `capability *` all of them: so one that is added changes
 * no other transcript. What stands behind `=` need not be named.
 */
function shownCapabilities(settings: readonly string[]): (said: Buffer) => Buffer {
  const shown = new Set(
    settings.flatMap((setting) => /^capability (.*)$/.exec(setting)?.[1]?.split(' ') ?? []),
  );
  if (shown.has('*')) return (said) => said;
  return (said) => {
    const text = said.toString('latin1').replaceAll(/\bCAPABILITY ([^\]\r\n]*)/g, (_, all: string) => {
      const words = all
        .split(' ')
        .filter((word) => shown.has(word) || shown.has(word.split('=', 1)[0] ?? ''));
      return ['CAPABILITY', ...words, '...'].join(' ');
    });
    return Buffer.from(text, 'latin1');
  };
}

/** What SELECT tells of every mailbox alike, shown where a transcript says `select *`. */
const told =
  /^\* (?:FLAGS \(|0 RECENT\r|OK \[(?:PERMANENTFLAGS|UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ|MAILBOXID)\b)[^\n]*\n/gm;

const shownMailbox = (settings: readonly string[]): ((said: Buffer) => Buffer) =>
  settings.includes('select *')
    ? (said) => said
    : (said) => Buffer.from(said.toString('latin1').replaceAll(told, ''), 'latin1');

/** `limit NAME NUMBER` changes a limit. */
function settingsOf(settings: readonly string[]): Settings {
  const limits = settings.flatMap((setting) => {
    const [what, name = '', value] = setting.split(' ');
    if (what === 'capability' || what === 'select' || what === 'not') return [];
    assert(what === 'limit' && name in defaultLimits, `no such setting: ${setting}`);
    return [[name, Number(value)]];
  });
  return {
    host: 'mail.example.org',
    limits: { ...defaultLimits, ...Object.fromEntries(limits) },
    trace: true,
    takesTokens: false,
    reusable: !settings.includes('not reusable'),
    compressible: !settings.includes('not compressible'),
    random: (bytes) => Buffer.alloc(bytes, 'n'),
  };
}

const events: ReadonlyMap<string, Secured | null> = new Map([
  ['connected over TLS', agreedSecured],
  ['connected over TLS for smtp', { ...agreedSecured, tls: { ...agreedSecured.tls, alpn: 'smtp' } }],
  ['connected over TLS for imap', { ...agreedSecured, tls: { ...agreedSecured.tls, alpn: 'imap' } }],
  ['connected in the clear', null],
]);

/** A session without a socket: what it asks is answered, and what it says is kept. */
export class LoopbackSession implements PlayedConnection {
  readonly session: ImapSession;
  readonly #visit: ImapVisit;
  #outputs: Output[] = [];
  #letters: Content[] = [];
  #body = new Collector();
  /** Octets that came while a question was open; nothing is read then. */
  #waiting: Buffer[] = [];
  #stopping = false;
  readonly #shown: (said: Buffer) => Buffer;
  readonly #held: () => Promise<void> | undefined;
  /** Whether its question waits for `release`. */
  waits = false;
  /** Resolves when the open question is answered; null while none is open. */
  answering: Promise<void> | null = null;
  closed = false;
  /** What a log may have had of commands. */
  readonly notes: string[] = [];

  constructor(
    policy: ImapPolicy,
    settings: Settings,
    shown: (said: Buffer) => Buffer = (said) => said,
    held: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#shown = shown;
    this.#held = held;
    this.session = new ImapSession(settings);
    const endpoints = {
      remoteAddress: '192.0.2.7',
      remotePort: 1,
      localAddress: '192.0.2.1',
      localPort: 993,
    };
    this.#visit = policy.visit(endpoints, (mailboxes) => this.#handle({ on: 'changed', mailboxes }));
  }

  event(text: string): void {
    const secured = events.get(text);
    if (secured !== undefined) return this.#handle({ on: 'connected', secured });
    if (text === 'still answering') return this.#handle({ on: 'waiting' });
    if (text !== 'server stopping') throw new Error(`no such event: ${text}`);
    if (this.answering === null) this.#handle({ on: 'stopping' });
    else this.#stopping = true;
    return undefined;
  }

  bytes(chunk: Buffer): void {
    if (this.answering === null) this.#handle({ on: 'bytes', chunk });
    else this.#waiting.push(chunk);
  }

  time(): void {
    this.#handle({ on: 'timeout' });
  }

  outputs(): readonly Output[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  #handle(event: Event): void {
    for (const action of this.session.handle(event)) this.#act(action);
  }

  #act(action: Action): void {
    switch (action.do) {
      case 'note':
        this.notes.push(action.shown);
        return;
      case 'login':
        return;
      case 'send':
        this.#outputs.push({ said: this.#shown(Buffer.from(action.octets)) });
        return;
      case 'body':
        this.#body.push(Buffer.from(action.chunk));
        if (action.ends) {
          const { sizeBytes } = this.#body;
          this.#letters.push({ chunks: this.#body.take(), sizeBytes });
        }
        return;
      case 'drop':
        this.#letters = [];
        this.#body.take();
        return;
      case 'ask':
        this.answering = this.#answer(action.question);
        return;
      case 'logout':
        return this.#visit.logout();
      case 'compress':
        this.#outputs.push({ did: 'compressed' });
        return;
      case 'foreign':
        this.#outputs.push({ did: `foreign ${action.protocol}` });
        return;
      case 'close':
        this.closed = true;
        this.#outputs.push({ did: 'closed' });
        this.#visit.end();
    }
  }

  async #answer(question: Question): Promise<void> {
    const held = this.#held();
    this.waits = held !== undefined;
    await held;
    this.waits = false;
    const verdict = await this.#verdict(question);
    this.answering = null;
    if (this.closed) return;
    this.#handle({ on: 'verdict', verdict, to: question });
    while (this.answering === null && this.#waiting.length > 0 && !this.closed) {
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) this.#handle({ on: 'bytes', chunk });
    }
    if (this.#stopping && this.answering === null) this.#handle({ on: 'stopping' });
  }

  async #verdict(question: Question): Promise<Verdict> {
    try {
      if (question.ask !== 'append') return await this.#visit.answer(question);
      const letters = this.#letters;
      this.#letters = [];
      return await this.#visit.append(question.mailbox, question.letters, letters);
    } catch (error) {
      assert(error instanceof Error);
      return { verdict: 'fault', id: error.message };
    }
  }
}
