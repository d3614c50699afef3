import { agreedSecured as secured } from '../../../test/support/agreed-tls.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Address } from '../../mail/address.ts';
import { clientExchange } from '../../sasl/client-mechanisms.ts';
import type { ClientFailure } from '../../sasl/client.ts';
import { Secret, type Mechanism } from '../../sasl/exchange.ts';
import { mechanismsByStrength } from '../../sasl/mechanisms.ts';
import { scramKeys } from '../../sasl/scram-keys.ts';
import type { DoorKind } from '../extensions.ts';
import { defaultLimits } from '../limits.ts';
import { formatReply } from '../reply.ts';
import { SmtpSession } from '../server/session.ts';
import type { MailRequests, RecipientRequests } from '../requests.ts';
import type { Action, Envelope, Event, Question, Verdict } from '../session.ts';
import type { ClientCommand } from './command.ts';
import type { ServerReply } from './reply-reader.ts';
import { SmtpClient, type ClientAction, type ClientEvent } from './session.ts';

const account = 'nu1@447.edu';
const password = new Secret('pencil');
const keys = scramKeys(password, Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
const keysOfAnother = scramKeys(new Secret('other'), Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
const nu1: Address = { localPart: 'nu1', domain: '447.edu' };
const nu2: Address = { localPart: 'nu2', domain: '447.edu' };

/** Both engines on a wire of memory, cut wherever the sizes say. */
class Wire {
  readonly client: SmtpClient;
  readonly envelopes: Envelope[] = [];
  readonly server: SmtpSession;
  readonly letters: string[] = [];
  /** LMTP: what was said for each recipient. */
  readonly each: string[] = [];
  readonly replies: { send: string | null; reply: ServerReply; failure: ClientFailure | null }[] = [];
  readonly #sizes: readonly number[];
  readonly #storedKeys: typeof keys;
  #cuts = 0;
  #letter: Uint8Array[] = [];
  #toServer = Buffer.alloc(0);
  #toClient = Buffer.alloc(0);

  constructor(sizes: readonly number[], startTls: boolean, storedKeys = keys, door: DoorKind = 'submission') {
    this.client = new SmtpClient(door === 'lmtp' ? 'lmtp' : 'smtp');
    this.#sizes = sizes;
    this.#storedKeys = storedKeys;
    this.server = new SmtpSession({
      host: 'mail.example',
      door,
      extensions: new Set([
        'CHUNKING',
        'BINARYMIME',
        'DSN',
        'REQUIRETLS',
        'LIMITS',
        'FUTURERELEASE',
        'DELIVERBY',
        'MT-PRIORITY',
      ]),
      limits: defaultLimits,
      startTls,
      enrolment: false,
      mailBeforeAuth: 530,
      protection: 'required',
      trace: false,
      random: (bytes) => Buffer.alloc(bytes, 0x17),
    });
    this.#serve({ on: 'connected', secured: startTls ? null : secured, nowMs: 0 });
  }

  /** Sends the commands, all at once, and carries bytes until nobody says anything more; the codes of the answers. */
  exchange(...commands: ClientCommand[]): number[] {
    const before = this.replies.length;
    for (const command of commands) this.#do(this.client.send(command));
    while (this.#toServer.length > 0 || this.#toClient.length > 0) {
      const forServer = this.#cut(this.#toServer);
      this.#toServer = this.#toServer.subarray(forServer.length);
      if (forServer.length > 0) this.#serve({ on: 'bytes', chunk: forServer });
      const forClient = this.#cut(this.#toClient);
      this.#toClient = this.#toClient.subarray(forClient.length);
      if (forClient.length > 0) this.#hear({ on: 'bytes', chunk: forClient });
    }
    return this.replies.slice(before).map(({ reply }) => reply.code);
  }

  #cut(bytes: Buffer): Buffer {
    const size = this.#sizes[this.#cuts % this.#sizes.length] ?? 1;
    this.#cuts += 1;
    return Buffer.from(bytes.subarray(0, size));
  }

  #serve(event: Event): void {
    let next: Event | null = event;
    while (next !== null) {
      const actions: Action[] = this.server.handle(next);
      next = null;
      for (const action of actions) {
        if (action.do === 'reply')
          this.#toClient = Buffer.concat([this.#toClient, Buffer.from(formatReply(action.reply))]);
        else if (action.do === 'body') this.#letter.push(Buffer.from(action.chunk));
        else if (action.do === 'ask') {
          const { question } = action;
          next = { on: 'verdict', verdict: this.#verdict(question), to: question };
        }
      }
    }
  }

  #verdict(question: Question): Verdict {
    if (question.ask === 'room') this.#letter = [];
    if (question.ask === 'deliver') {
      this.envelopes.push(question.envelope);
      this.letters.push(Buffer.concat(this.#letter).toString('latin1'));
      return { verdict: 'delivered', id: '1' };
    }
    if (question.ask !== 'login') return { verdict: 'accepted' };
    const { question: asked } = question;
    if (asked.ask === 'scram-keys')
      return { verdict: 'sasl', answer: { verdict: 'scram-keys', keys: this.#storedKeys } };
    const isRight =
      asked.ask === 'proof'
        ? asked.valid
        : asked.ask === 'password' && asked.password.reveal() === password.reveal();
    return isRight && asked.user === account
      ? { verdict: 'sasl', answer: { verdict: 'login', account } }
      : { verdict: 'sasl', answer: { verdict: 'refused', why: { why: 'credentials' } } };
  }

  #hear(event: ClientEvent): void {
    this.#do(this.client.handle(event));
  }

  #do(actions: readonly ClientAction[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'write':
          this.#toServer = Buffer.concat([this.#toServer, ...action.chunks]);
          break;
        case 'reply':
          this.replies.push({
            send: action.to?.send ?? null,
            reply: action.reply,
            failure: action.failure,
          });
          break;
        case 'secure':
          // Both have said all they had to say in the clear.
          this.#serve({ on: 'secured', secured });
          this.#hear({ on: 'secured' });
          break;
        case 'broken':
          throw new Error(action.why);
        case 'unsent':
          throw new Error(`${action.to.send} was not sent: ${action.why.why}`);
        case 'recipient':
          this.each.push(`${action.recipient.localPart} ${action.reply.code}`);
          break;
        case 'note':
          break;
      }
    }
  }
}

function login(mechanism: Mechanism, secret = password): ClientCommand {
  const exchange = clientExchange(
    mechanism,
    { user: account, password: secret },
    {
      channelBinding: secured.channelBinding,
      announced: mechanismsByStrength,
      nonce: Buffer.alloc(18, 0x31),
    },
  );
  assert(exchange.ok);
  return { send: 'AUTH', exchange: exchange.value };
}

const ehlo: ClientCommand = { send: 'EHLO', name: 'client.example' };
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3000 })), {
  minLength: 1,
  maxLength: 20,
});
const letters = fc.array(
  fc
    .array(fc.constantFrom('a', '.', '..', '\r\n', '\r\n.\r\n', '\u00ff', 'x'.repeat(200)), { maxLength: 30 })
    .map((parts) => `${parts.join('')}\r\n`),
  { minLength: 1, maxLength: 3 },
);

for (const mechanism of mechanismsByStrength) {
  test(`${mechanism}: letters arrive as they were sent, whatever the splits`, () => {
    fc.assert(
      fc.property(letters, sizes, fc.boolean(), (given, cuts, startTls) => {
        const wire = new Wire(cuts, startTls);
        const greetings = startTls ? [220, 250, 220, 250] : [220, 250];
        const hello: ClientCommand[] = startTls ? [ehlo, { send: 'STARTTLS' }, ehlo] : [ehlo];
        assert.deepEqual(wire.exchange(...hello), greetings);
        assert(wire.client.extensions.get('AUTH')?.includes(mechanism));
        assert.deepEqual(wire.exchange(login(mechanism)), [235]);
        assert.equal(wire.replies.at(-1)?.failure, null);
        for (const letter of given) {
          const codes = wire.exchange(
            { send: 'MAIL', sender: nu1, sizeBytes: letter.length },
            { send: 'RCPT', recipient: nu2 },
            { send: 'RCPT', recipient: nu1 },
            { send: 'DATA' },
            { send: 'content', chunks: [Buffer.from(letter, 'latin1')] },
          );
          assert.deepEqual(codes, [250, 250, 250, 354, 250]);
        }
        assert.deepEqual(wire.letters, given);
        assert.deepEqual(wire.exchange({ send: 'QUIT' }), [221]);
        assert.equal(wire.server.at, 'closed');
      }),
      { numRuns: 60, interruptAfterTimeLimit: 1200 },
    );
  });

  test(`${mechanism}: a wrong password is refused, and the right one is taken after it`, () => {
    const wire = new Wire([7], false);
    wire.exchange(ehlo);
    assert.deepEqual(wire.exchange(login(mechanism, new Secret('wrong'))), [535]);
    assert.deepEqual(wire.exchange(login(mechanism)), [235]);
  });
}

test('a server with other keys refuses, and cannot be believed anyway', () => {
  const wire = new Wire([1000], false, keysOfAnother);
  wire.exchange(ehlo);
  assert.deepEqual(wire.exchange(login('SCRAM-SHA-256-PLUS')), [535]);
});

test('a command that would be two lines is a fault, and nothing of it is sent', () => {
  const client = new SmtpClient();
  client.handle({ on: 'bytes', chunk: Buffer.from('220 mail.example\r\n') });
  const recipient = { localPart: 'a\r\nRSET', domain: 'b.example' };
  assert.throws(() => client.send({ send: 'RCPT', recipient }), /must be one line/);
  const [action] = client.send({ send: 'NOOP' });
  assert(action?.do === 'write');
  assert.equal(Buffer.concat(action.chunks).toString(), 'NOOP\r\n');
});

const octets = fc
  .array(fc.constantFrom('a', '.', '\r\n', '\r\n.\r\n', '\n', '\r', '\0', 'BDAT 1\r\n', '\u00ff'), {
    maxLength: 20,
  })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

for (const door of ['submission', 'lmtp'] as const) {
  test(`${door}: any octets arrive by BDAT as they were sent, whatever the chunks and splits`, () => {
    fc.assert(
      fc.property(fc.array(octets, { minLength: 1, maxLength: 5 }), sizes, (chunks, cuts) => {
        const wire = new Wire(cuts, false, keys, door);
        if (door === 'lmtp') wire.exchange({ send: 'LHLO', name: 'client.example' });
        else wire.exchange(ehlo, login('PLAIN'));
        const codes = wire.exchange(
          { send: 'MAIL', sender: nu1, body: 'BINARYMIME' },
          { send: 'RCPT', recipient: nu2 },
          { send: 'RCPT', recipient: nu1 },
          ...chunks.map((chunk, index): ClientCommand => ({
            send: 'BDAT',
            chunks: [chunk],
            isLast: index === chunks.length - 1,
          })),
        );
        assert(codes.every((code) => code === 250));
        assert.equal(codes.length, 3 + chunks.length);
        assert.deepEqual(wire.letters, [Buffer.concat(chunks).toString('latin1')]);
        assert.deepEqual(wire.each, door === 'lmtp' ? ['nu2 250', 'nu1 250'] : []);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 1200 },
    );
  });
}

const text = fc.stringMatching(/^[ -~]{1,30}$/);
const addresses = fc.constantFrom<Address>(
  nu1,
  { localPart: 'a b', domain: 'b.example' },
  { localPart: 'ü', domain: 'b.example' },
);
const mailRequests: fc.Arbitrary<MailRequests> = fc.record({
  requireTls: fc.boolean(),
  ret: fc.constantFrom('FULL', 'HDRS', null),
  envelopeId: fc.option(text),
  hold: fc.option(
    fc.oneof(
      fc.record({ forSeconds: fc.integer({ min: 1, max: defaultLimits.holdSeconds }) }),
      fc.record({ untilMs: fc.integer({ min: 0, max: defaultLimits.holdSeconds }).map((s) => s * 1000) }),
    ),
  ),
  deliverBy: fc.option(
    fc.record({
      seconds: fc.integer({ min: 1, max: 999_999_999 }),
      otherwise: fc.constantFrom('return', 'notify'),
      trace: fc.boolean(),
    }),
  ),
  priority: fc.option(fc.integer({ min: -9, max: 9 })),
  submitter: fc.option(fc.oneof(addresses, fc.constant('unknown' as const))),
});
const recipientRequests: fc.Arbitrary<RecipientRequests> = fc.record({
  notify: fc.option(fc.subarray(['SUCCESS', 'FAILURE', 'DELAY'])),
  originalRecipient: fc.option(
    fc.oneof(
      fc.record({ type: fc.constant('rfc822'), address: text }),
      fc.record({
        type: fc.constant('utf-8'),
        address: fc.constantFrom('ü@b.example', 'a+b=c \\d@b.example'),
      }),
    ),
  ),
});

/** Without the prototypes, which generated values have none of. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('what the client asks for is what the server understands', () => {
  fc.assert(
    fc.property(mailRequests, recipientRequests, (forMail, forRecipient) => {
      const wire = new Wire([1000], false);
      wire.exchange(ehlo, login('PLAIN'));
      const codes = wire.exchange(
        { send: 'MAIL', sender: nu1, requests: forMail },
        { send: 'RCPT', recipient: nu2, requests: forRecipient },
        { send: 'BDAT', chunks: [], isLast: true },
      );
      assert.deepEqual(codes, [250, 250, 250]);
      const [envelope] = wire.envelopes;
      const nothing = { ret: null, envelopeId: null, hold: null, deliverBy: null, priority: null };
      assert.deepEqual(
        plain(envelope?.requests ?? { requireTls: false, submitter: null, ...nothing }),
        plain(forMail),
      );
      assert.deepEqual(
        plain(envelope?.recipients[0]?.requests ?? { notify: null, originalRecipient: null }),
        plain(forRecipient),
      );
    }),
    { numRuns: 500, interruptAfterTimeLimit: 1500 },
  );
});
