import { agreedSecured as secured } from '../../../test/support/agreed-tls.ts';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { shownBytes, playFile, type Output, type Played } from '../../../test/transcript/script.ts';
import { formatAddress } from '../../mail/address.ts';
import type { PeerCertificate } from '../../mail/transport.ts';
import { scramKeys } from '../../sasl/scram-keys.ts';
import { Secret } from '../../sasl/exchange.ts';
import { defaultExtensions, type Extension } from '../extensions.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import { formatReply } from '../reply.ts';
import type { MailRequests, RecipientRequests } from '../requests.ts';
import type { Action, Event, Outcome, Question, Recipient, Refusal, Settings, Verdict } from '../session.ts';
import { SmtpSession } from './session.ts';

/** The keys of `pencil`, as every user of a transcript has it. */
const pencil = scramKeys(new Secret('pencil'), Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);

/** What a client of a transcript shows in the handshake. */
const trustedCertificate: PeerCertificate = {
  sha256: '5e'.repeat(32),
  subject: 'CN=nu1',
  trusted: true,
  distrust: null,
  emails: ['nu1@447.edu'],
};

class PlayedSession implements Played {
  readonly #session: SmtpSession;
  #question: Question | null = null;
  #outputs: Output[] = [];
  closed = false;

  constructor(settings: Settings) {
    this.#session = new SmtpSession(settings);
  }

  get asking(): boolean {
    return this.#question !== null;
  }

  get usualVerdict(): string {
    return this.#question?.ask === 'deliver' ? 'delivered 1' : 'accepted';
  }

  event(text: string): void {
    const events: Record<string, Event> = {
      'connected over TLS': { on: 'connected', secured },
      'connected over TLS without a channel binding': {
        on: 'connected',
        secured: { ...secured, channelBinding: null },
      },
      'connected over TLS with a certificate': {
        on: 'connected',
        secured: { ...secured, tls: { ...secured.tls, peerCertificate: trustedCertificate } },
      },
      'connected over TLS with an unknown certificate': {
        on: 'connected',
        secured: {
          ...secured,
          tls: { ...secured.tls, peerCertificate: { ...trustedCertificate, trusted: false } },
        },
      },
      'connected over TLS for imap': {
        on: 'connected',
        secured: { ...secured, tls: { ...secured.tls, alpn: 'imap' } },
      },
      'connected over TLS for smtp': {
        on: 'connected',
        secured: { ...secured, tls: { ...secured.tls, alpn: 'smtp' } },
      },
      'connected over TLS at 2026-11-22T17:00:00Z': {
        on: 'connected',
        secured,
        nowMs: Date.parse('2026-11-22T17:00:00Z'),
      },
      'connected in the clear': { on: 'connected', secured: null },
      'connected by a proxy': { on: 'connected', secured: null, trust: 'xclient' },
      'connected by a proxy over TLS': { on: 'connected', secured, trust: 'xclient' },
      'handshake done for imap': {
        on: 'secured',
        secured: { ...secured, tls: { ...secured.tls, alpn: 'imap' } },
      },
      'handshake done': { on: 'secured', secured },
      'server stopping': { on: 'stopping' },
    };
    const event = events[text];
    if (event === undefined) throw new Error(`no such event: ${text}`);
    this.#take(this.#session.handle(event));
  }

  bytes(chunk: Buffer): void {
    this.#take(this.#session.handle({ on: 'bytes', chunk }));
  }

  time(): void {
    this.#take(this.#session.handle({ on: 'timeout' }));
  }

  verdict(text: string): void {
    const question = this.#question;
    if (question === null) throw new Error('no question is open');
    this.#question = null;
    this.#take(this.#session.handle({ on: 'verdict', verdict: verdictOf(text), to: question }));
  }

  outputs(): Output[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  #take(actions: Action[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'note':
        case 'login':
          break;
        case 'reply':
          for (const text of formatReply(action.reply).split('\r\n').slice(0, -1))
            this.#outputs.push({ mark: 'S:', text });
          break;
        case 'ask':
          this.#question = action.question;
          this.#outputs.push({ mark: '?:', text: questionText(action.question) });
          break;
        case 'body':
          this.#outputs.push({ mark: 'B:', text: shownBytes(Buffer.from(action.chunk)) });
          break;
        case 'drop':
          this.#outputs.push({ mark: 'X:', text: 'dropped' });
          break;
        case 'foreign':
          this.#outputs.push({ mark: 'X:', text: `foreign ${action.protocol}` });
          break;
        case 'secure':
          this.#outputs.push({ mark: 'X:', text: 'handshake' });
          break;
        case 'close':
          this.closed = true;
          this.#outputs.push({ mark: 'X:', text: 'closed' });
          break;
      }
    }
  }
}

function verdictOf(text: string): Verdict {
  const [word, ...rest] = text.split(' ');
  const argument = rest.join(' ');
  switch (word) {
    case 'accepted':
      return { verdict: 'accepted' };
    case 'refused':
    case 'delivered':
    case 'fault':
      return outcomeOf(text);
    case 'each':
      return { verdict: 'each', outcomes: argument.split(', ').map(outcomeOf) };
    case 'enrolled':
      return { verdict: 'enrolled', account: argument, password: new Secret('12345447') };
    case 'login':
      return { verdict: 'sasl', answer: { verdict: 'login', account: argument } };
    case 'keys':
      return { verdict: 'sasl', answer: { verdict: 'scram-keys', keys: pencil } };
    case 'wrong':
      return { verdict: 'sasl', answer: { verdict: 'refused', why: { why: 'credentials' } } };
    case 'unavailable':
      return {
        verdict: 'sasl',
        answer: { verdict: 'refused', why: { why: 'unavailable', waitSeconds: 30 } },
      };
    case 'throttled':
      return { verdict: 'sasl', answer: { verdict: 'refused', why: { why: 'throttled', waitSeconds: 30 } } };
    default:
      throw new Error(`no such verdict: ${text}`);
  }
}

function outcomeOf(text: string): Outcome {
  const [word, ...rest] = text.split(' ');
  const argument = rest.join(' ');
  if (word === 'delivered' || word === 'fault') return { verdict: word, id: argument };
  if (word === 'refused') return { verdict: 'refused', why: refusalOf(argument) };
  throw new Error(`no such outcome: ${text}`);
}

function refusalOf(text: string): Refusal {
  if (text === 'throttled') return { why: 'throttled', waitSeconds: 60 };
  if (text === 'elsewhere') return { why: 'elsewhere', domains: ['example.org'] };
  if (text === 'from-not-yours') return { why: text, address: { localPart: 'boss', domain: '447.edu' } };
  if (text === 'disk-full') return { why: text, id: 'f-5' };
  if (text === 'from-nobody') return { why: 'from-not-yours', address: null };
  if (text === 'letters' || text === 'recipients')
    return { why: 'sent-too-much', what: text, per: 'hour', most: 300, waitSeconds: 60 };
  return { why: text } as Refusal;
}

function questionText(question: Question): string {
  switch (question.ask) {
    case 'login': {
      const { question: sasl } = question;
      const detail = sasl.ask === 'proof' ? ` ${sasl.valid ? 'right' : 'wrong'}` : '';
      return `${question.mechanism} ${sasl.ask} of ${sasl.user}${detail}`;
    }
    case 'enrol':
      return `enrol ${formatAddress(question.address)}`;
    case 'proxied':
      return `proxied ${JSON.stringify(question.endpoints)}`;
    case 'sender':
      return `sender ${senderText(question.envelope.sender)}`;
    case 'recipient':
      return `recipient ${recipientText(question.recipient)}`;
    case 'room':
      return 'room';
    case 'deliver': {
      const { sender, recipients, login, body, smtpUtf8, requests } = question.envelope;
      const who = login === null ? 'nobody' : `${login.account} by ${login.mechanism}`;
      const how = `${body}${smtpUtf8 ? ' SMTPUTF8' : ''}${requestsText(requests)}`;
      return `deliver from ${senderText(sender)} to ${recipients.map(recipientText).join(', ')}; ${how}; ${who}`;
    }
  }
}

const senderText = (sender: Parameters<typeof formatAddress>[0] | null): string =>
  sender === null ? '<>' : formatAddress(sender);
const recipientText = (recipient: Recipient): string =>
  (recipient.is === 'postmaster' ? 'postmaster' : formatAddress(recipient.address)) +
  requestsText(recipient.requests);

/** What was asked for besides, and nothing where nothing was. */
function requestsText(requests: MailRequests | RecipientRequests | undefined): string {
  if (requests === undefined) return '';
  const asked = Object.entries(requests).filter(([, value]) => value !== null && value !== false);
  return ` ${JSON.stringify(Object.fromEntries(asked))}`;
}

/**
 * `= startTls`, `= enrolment`, `= takesTokens`, `= mailBeforeAuth 503`, `= not-required`, `= exchanger`, `= lmtp`, `= extensions A B`, or
 * `default` for those that the door has, and every limit by its name with a number.
 */
function settingsOf(words: readonly string[]): Settings {
  const limits: Record<string, number> = { ...defaultLimits };
  let settings: Settings = {
    host: 'mail.example',
    door: 'submission',
    extensions: new Set(),
    limits: defaultLimits,
    startTls: false,
    enrolment: false,
    mailBeforeAuth: 530,
    protection: 'required',
    trace: false,
    random: (bytes) => Buffer.alloc(bytes, 0x17),
  };
  for (const word of words) {
    const [name, value] = word.split(' ');
    if (word === 'extensions default')
      settings = { ...settings, extensions: defaultExtensions[settings.door] };
    else if (name === 'extensions')
      settings = { ...settings, extensions: new Set(word.split(' ').slice(1) as Extension[]) };
    else if (name === 'exchanger' || name === 'lmtp') settings = { ...settings, door: name };
    else if (name === 'startTls' || name === 'enrolment' || name === 'takesTokens')
      settings = { ...settings, [name]: true };
    else if (name === 'mailBeforeAuth') settings = { ...settings, mailBeforeAuth: 503 };
    else if (name === 'not-required') settings = { ...settings, protection: 'not-required' };
    else if (name !== undefined && name in limits) limits[name] = Number(value);
    else throw new Error(`no such setting: ${word}`);
  }
  return { ...settings, limits: limits as Limits };
}

const folder = new URL('transcripts/', import.meta.url);
for (const file of readdirSync(folder).sort()) {
  test(`transcript ${file}`, () =>
    playFile(new URL(file, folder), (words) => new PlayedSession(settingsOf(words))));
}
