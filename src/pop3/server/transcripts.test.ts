import { readdirSync } from 'node:fs';
import test from 'node:test';
import { agreedSecured as secured } from '../../../test/support/agreed-tls.ts';
import { playFile, shownBytes, type Output, type Played } from '../../../test/transcript/script.ts';
import type { PeerCertificate } from '../../mail/transport.ts';
import { Secret } from '../../sasl/exchange.ts';
import { scramKeys } from '../../sasl/scram-keys.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import type { Maildrop } from '../maildrop.ts';
import { formatReply } from '../reply.ts';
import type { Action, Event, Question, Refusal, Settings, Verdict } from '../session.ts';
import { Pop3Session } from './session.ts';

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

/** `= letters 120 200`: the octets of each letter that the maildrop of a transcript has. */
const maildropOf = (sizes: readonly number[], idCharacters: number): Maildrop => ({
  count: sizes.length,
  sizeBytes: (number) => sizes[number - 1] ?? 0,
  uniqueId: (number) => `id-${number}`.padEnd(idCharacters, '.'),
});

class PlayedSession implements Played {
  readonly #session: Pop3Session;
  readonly #maildrop: Maildrop;
  #question: Question | null = null;
  #outputs: Output[] = [];
  closed = false;

  constructor(settings: Settings, maildrop: Maildrop) {
    this.#session = new Pop3Session(settings);
    this.#maildrop = maildrop;
  }

  get asking(): boolean {
    return this.#question !== null;
  }

  get usualVerdict(): string {
    switch (this.#question?.ask) {
      case 'login':
        return 'login nu1@447.edu';
      case 'maildrop':
        return 'maildrop';
      case 'letter':
      case 'more':
        return 'whole Subject: x\\r\\n\\r\\nHello\\r\\n';
      case 'remove':
        return 'removed';
      default:
        return 'accepted';
    }
  }

  event(text: string): void {
    const on = (tls: Partial<typeof secured.tls>): Event => ({
      on: 'connected',
      secured: { ...secured, tls: { ...secured.tls, ...tls } },
    });
    const events = new Map<string, Event>([
      ['connected over TLS', { on: 'connected', secured }],
      [
        'connected over TLS without a channel binding',
        { on: 'connected', secured: { ...secured, channelBinding: null } },
      ],
      ['connected over TLS with a certificate', on({ peerCertificate: trustedCertificate })],
      ['connected over TLS for imap', on({ alpn: 'imap' })],
      ['connected over TLS for pop3', on({ alpn: 'pop3' })],
      ['connected in the clear', { on: 'connected', secured: null }],
      ['handshake done', { on: 'secured', secured }],
      [
        'handshake done for imap',
        { on: 'secured', secured: { ...secured, tls: { ...secured.tls, alpn: 'imap' } } },
      ],
      ['server stopping', { on: 'stopping' }],
    ]);
    const event = events.get(text);
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
    const verdict = this.#verdictOf(text);
    this.#take(this.#session.handle({ on: 'verdict', verdict, to: question }));
  }

  outputs(): Output[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  #verdictOf(text: string): Verdict {
    if (text === 'maildrop') return { verdict: 'maildrop', maildrop: this.#maildrop };
    return verdictOf(text);
  }

  #take(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'note':
        case 'login':
          break;
        case 'reply':
          for (const text of formatReply(action.reply).split('\r\n').slice(0, -1))
            this.#outputs.push({ mark: 'S:', text });
          break;
        case 'send':
          this.#outputs.push({ mark: 'B:', text: shownBytes(Buffer.from(action.chunk)) });
          break;
        case 'ask':
          this.#question = action.question;
          this.#outputs.push({ mark: '?:', text: questionText(action.question) });
          break;
        case 'enough':
          this.#outputs.push({ mark: 'X:', text: 'enough' });
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

/** `pieces a|b` and `whole a|b`: octets of a letter with the escapes of `c:`, in pieces with a bar between them. */
function piecesOf(text: string): readonly Uint8Array[] {
  return text.split('|').map((piece) => {
    const escapes = /\\(?:([rn\\])|x([0-9a-fA-F]{2})|\*(\d+)\{([^}]*)\})/g;
    const plain = piece.replaceAll(
      escapes,
      (_whole: string, simple?: string, hex?: string, times?: string, repeated?: string) => {
        if (simple !== undefined) return { r: '\r', n: '\n' }[simple] ?? '\\';
        if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
        return (repeated ?? '').replaceAll('\\r\\n', '\r\n').repeat(Number(times));
      },
    );
    return Buffer.from(plain, 'latin1');
  });
}

function verdictOf(text: string): Verdict {
  const [word = '', ...rest] = text.split(' ');
  const argument = rest.join(' ');
  switch (word) {
    case 'accepted':
    case 'removed':
      return { verdict: word };
    case 'pieces':
    case 'whole':
      return { verdict: 'pieces', pieces: piecesOf(argument), isWhole: word === 'whole' };
    case 'refused':
      return { verdict: 'refused', why: argument as Refusal };
    case 'fault':
      return { verdict: 'fault', id: argument };
    case 'login':
      return { verdict: 'sasl', answer: { verdict: 'login', account: argument } };
    case 'keys':
      return { verdict: 'sasl', answer: { verdict: 'scram-keys', keys: pencil } };
    case 'wrong':
      return { verdict: 'sasl', answer: { verdict: 'refused', why: { why: 'credentials' } } };
    case 'throttled':
    case 'unavailable':
      return { verdict: 'sasl', answer: { verdict: 'refused', why: { why: word, waitSeconds: 30 } } };
    default:
      throw new Error(`no such verdict: ${text}`);
  }
}

function questionText(question: Question): string {
  switch (question.ask) {
    case 'login': {
      const { question: sasl } = question;
      const detail = sasl.ask === 'proof' ? ` ${sasl.valid ? 'right' : 'wrong'}` : '';
      return `${question.mechanism} ${sasl.ask} of ${sasl.user}${detail}`;
    }
    case 'maildrop':
      return `maildrop of ${question.account}`;
    case 'letter':
      return `letter ${question.number}`;
    case 'remove':
      return `remove ${question.numbers.join(' ')}`;
    case 'more':
    case 'room':
      return question.ask;
  }
}

/** `= startTls`, `= takesTokens`, `= letters 120 200`, `= many 5000`, `= longIds`, and every limit by its name with a number. */
function opened(words: readonly string[]): PlayedSession {
  const limits: Record<string, number> = { ...defaultLimits };
  let letters: readonly number[] = [120, 200];
  let idCharacters = 0;
  let settings: Settings = {
    host: 'mail.example',
    limits: defaultLimits,
    startTls: false,
    trace: false,
    takesTokens: false,
    random: (bytes) => Buffer.alloc(bytes, 0x17),
  };
  for (const word of words) {
    const [name, ...values] = word.split(' ');
    if (name === 'letters') letters = values.map(Number);
    else if (name === 'many') letters = Array.from({ length: Number(values[0]) }, (_, index) => 100 + index);
    else if (name === 'longIds') idCharacters = 70;
    else if (name === 'startTls' || name === 'takesTokens') settings = { ...settings, [name]: true };
    else if (name !== undefined && name in limits) limits[name] = Number(values[0]);
    else throw new Error(`no such setting: ${word}`);
  }
  return new PlayedSession({ ...settings, limits: limits as Limits }, maildropOf(letters, idCharacters));
}

const folder = new URL('transcripts/', import.meta.url);
for (const file of readdirSync(folder).sort()) {
  test(`transcript ${file}`, () => playFile(new URL(file, folder), opened));
}
