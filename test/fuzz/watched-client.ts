import assert from 'node:assert/strict';
import { clientExchange } from '../../src/sasl/client-mechanisms.ts';
import type { ClientCommand } from '../../src/smtp/client/command.ts';
import { SmtpClient, type ClientAction } from '../../src/smtp/client/session.ts';
import { agreedSecured } from '../support/agreed-tls.ts';
import type { Order } from './client-program.ts';
import type { Reached } from './reached.ts';
import { clientNonce, credentialsFor, mechanisms, recorded } from './sasl-words.ts';

const secrets: readonly string[] = [...recorded.values()].flatMap(({ client }) =>
  client.filter((response) => response !== null && response.length > 8).map(String),
);
const parameters =
  /\b(?:SIZE|BODY|SMTPUTF8|REQUIRETLS|RET|ENVID|HOLDFOR|HOLDUNTIL|BY|MT-PRIORITY|AUTH|NOTIFY|ORCPT)(?==|$| )/g;
const longestLineBytes = 512;

/** A client that is watched at every step: what must be true of every client is asserted. */
export class WatchedClient {
  readonly #client: SmtpClient;
  readonly #protocol: 'smtp' | 'lmtp';
  readonly #reached: Reached;
  /** What was given and has no outcome yet, in order. */
  #given: ClientCommand[] = [];
  /** What the server was told and has not answered. The greeting is the first. */
  #owed: string[] = [''];
  #accepted = 0;
  /** Sent and not answered. */
  #sent = 0;
  #mayWriteLetter = false;
  #isLetterOut = false;
  #isText = true;
  /** The DATA that was given last, and whether it is known by now that no letter goes with it. */
  #lastData: { readonly command: ClientCommand; isRefused: boolean } | null = null;
  /** Whether a handshake is due. */
  isSecuring = false;
  isBroken = false;
  /** What it did; null where nobody will compare it. */
  said: string | null;
  saidBeforeTls: number | null = null;
  wasInjected = false;

  constructor(protocol: 'smtp' | 'lmtp', reached: Reached, isCompared: boolean) {
    this.#client = new SmtpClient(protocol);
    this.#protocol = protocol;
    this.#reached = reached;
    this.said = isCompared ? '' : null;
  }

  get hasGiven(): boolean {
    return this.#given.length > 0;
  }

  give(order: Order): void {
    // A program gives no letter for a DATA that was refused, or not sent.
    if (order.send === 'content' && this.#lastData?.isRefused === true) return;
    const command = commandOf(order);
    if (command.send === 'DATA') this.#lastData = { command, isRefused: false };
    this.#given.push(command);
    this.#watch(this.#client.send(command));
  }

  hear(chunk: Buffer): void {
    this.#watch(this.#client.handle({ on: 'bytes', chunk }));
  }

  endHandshake(): void {
    this.isSecuring = false;
    const actions = this.#client.handle({ on: 'secured' });
    assert.equal(this.#client.extensions.size, 0, 'what was announced in the clear is believed behind it');
    this.#watch(actions);
  }

  /** What the server has to answer now; it is answered with that. */
  takeOwed(): string[] {
    const owed = this.#owed;
    this.#owed = [];
    return owed;
  }

  #watch(actions: readonly ClientAction[]): void {
    for (const action of actions) {
      assert(!this.isBroken, `${action.do} after the session was given up`);
      this.#reached.see('actions', action.do);
      this.#take(action);
    }
    const { size } = this.#client.extensions;
    assert(size <= 512, `${size} extensions are kept`);
  }

  #take(action: ClientAction): void {
    switch (action.do) {
      case 'write':
        return this.#write(Buffer.concat(action.chunks), action.shown);
      case 'reply':
        return this.#reply(action);
      case 'unsent': {
        this.#outcome(action.to);
        const { why } = action;
        const detail = why.why === 'extension' ? why.keyword : why.why === 'limit' ? why.limit : '';
        this.#reached.see('unsent', `${why.why} ${detail}`.trim());
        if (action.to === this.#lastData?.command) this.#lastData.isRefused = true;
        return this.#say(`unsent ${action.to.send} ${JSON.stringify(why)}`);
      }
      case 'recipient':
        assert(this.#protocol === 'lmtp' && this.#accepted > 0, 'an outcome for nobody');
        this.#accepted -= 1;
        return this.#say(`for ${action.recipient.localPart} ${action.reply.code}`);
      case 'note':
        return this.#say(`note ${action.reply.code}`);
      case 'secure':
        this.isSecuring = true;
        return this.#say('secure');
      case 'broken':
        this.isBroken = true;
        this.#reached.see('broken', action.why.replace(/:.*/, ''));
        if (action.why.includes('before the handshake')) this.wasInjected = true;
        return this.#say(`broken ${action.why}`);
    }
  }

  #write(bytes: Buffer, shown: string): void {
    assert(!this.isSecuring, `written in the clear while a handshake is due: ${shown}`);
    for (const secret of secrets) assert(!shown.includes(secret), 'a trace would have a secret');
    const wire = bytes.toString('latin1');
    this.#say(`write ${wire}`);
    if (shown === '(a chunk of the letter)') {
      if (this.#isText)
        assert.doesNotMatch(wire, /\n(?<!\r\n)|\r[^\n]/, 'text with a bare line end goes out');
      return;
    }
    if (shown === '(the letter)') {
      assert(this.#mayWriteLetter, 'a letter goes out that was not asked for');
      assert.match(wire, /^(?:[^\r\n]*\r\n)*\.\r\n$/);
      assert.equal(wire.match(/(?:^|\n)\.\r\n/g)?.length, 1, 'the letter ends before its end');
      this.#mayWriteLetter = false;
      this.#isLetterOut = true;
      this.#sent += 1;
      return void this.#owed.push(shown);
    }
    assert.match(wire, /^(?:[^\r\n\0]*\r\n)+$/);
    const lines = shown === '***' || shown === '*' ? [shown] : wire.split('\r\n').slice(0, -1);
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line.startsWith('AUTH'))
      assert(line.length + 2 <= longestLineBytes, 'AUTH in a line that is too long');
    if (line.startsWith('MAIL ')) this.#isText = !line.includes('BODY=BINARYMIME');
    for (const [word] of line.matchAll(parameters)) this.#reached.see('parameters', word);
    this.#owed.push(line);
    if (line === '***' || line === '*') return;
    this.#sent += 1;
    assert(this.#sent === 1 || this.#client.extensions.has('PIPELINING'), 'a group without PIPELINING');
  }

  #reply({ reply, to, failure }: Extract<ClientAction, { do: 'reply' }>): void {
    const send = to?.send ?? 'nothing';
    if (to !== null) this.#outcome(to);
    // The letter of a refused DATA has an outcome without having been sent.
    if (to !== null && (send !== 'content' || this.#isLetterOut)) this.#sent -= 1;
    if (send === 'content') this.#isLetterOut = false;
    this.#reached.see('replies', `${send} ${Math.trunc(reply.code / 100)}`);
    switch (send) {
      case 'DATA':
        this.#mayWriteLetter = reply.code === 354;
        if (to === this.#lastData?.command) this.#lastData.isRefused = reply.code !== 354;
        break;
      case 'RCPT':
        if (reply.code < 300) this.#accepted += 1;
        break;
      case 'MAIL':
      case 'RSET':
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
      case 'content':
        this.#accepted = 0;
        break;
      case 'STARTTLS':
        if (reply.code === 220) this.saidBeforeTls ??= this.said?.length ?? null;
        break;
      case 'AUTH':
        if (to?.send === 'AUTH') this.#login(to.exchange.mechanism, reply.code, failure);
        break;
      default:
    }
    this.#say(`reply ${send} ${reply.code} ${reply.enhanced} ${JSON.stringify(reply.lines)} ${failure}`);
  }

  #login(mechanism: string, code: number, failure: string | null): void {
    if (failure !== null) this.#reached.see('failures', failure);
    else if (code === 235) this.#reached.see('mechanisms', `${mechanism} succeeds`);
    else this.#reached.see('mechanisms', `${mechanism} fails`);
  }

  /** Every command has one outcome, in the order in which they were given. */
  #outcome(command: ClientCommand): void {
    assert.equal(this.#given.shift(), command, `${command.send} has an outcome out of its turn`);
  }

  #say(text: string): void {
    if (this.said !== null) this.said += `${text}\n`;
  }
}

function commandOf(order: Order): ClientCommand {
  if (order.send !== 'AUTH') return order;
  const exchange = clientExchange(order.mechanism, credentialsFor(order.mechanism), {
    channelBinding: agreedSecured.channelBinding,
    announced: mechanisms,
    nonce: clientNonce,
  });
  if (!exchange.ok) throw new Error(`no exchange for ${order.mechanism}: ${exchange.refusal}`);
  return { send: 'AUTH', exchange: exchange.value };
}
