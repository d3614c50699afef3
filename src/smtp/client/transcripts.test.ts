import { readdirSync } from 'node:fs';
import test from 'node:test';
import { playFile, shownBytes, type Output, type Played } from '../../../test/transcript/script.ts';
import { formatAddress, parseAddress, type Address } from '../../mail/address.ts';
import { clientExchange } from '../../sasl/client-mechanisms.ts';
import { Secret, type Mechanism } from '../../sasl/exchange.ts';
import { parseMailParameters, parseRecipientParameters } from '../parameters.ts';
import type { ClientCommand } from './command.ts';
import { SmtpClient, type ClientAction } from './session.ts';

/**
 * The client under play. `> send …` gives it a command, `> secured` ends the handshake. `R:` is what its caller is told:
 * the command that was answered, the code, and the failure if there is one.
 */
class PlayedClient implements Played {
  readonly #client: SmtpClient;
  #outputs: Output[] = [];
  readonly asking = false;
  readonly usualVerdict = '';
  #greeted = false;
  closed = false;

  constructor(protocol: 'smtp' | 'lmtp') {
    this.#client = new SmtpClient(protocol);
  }

  event(text: string): void {
    if (this.closed) return;
    if (text === 'secured') this.#take(this.#client.handle({ on: 'secured' }));
    else this.#take(this.#client.send(commandOf(text)));
  }

  bytes(chunk: Buffer): void {
    this.#take(this.#client.handle({ on: 'bytes', chunk }));
  }

  verdict(): void {
    throw new Error('a client asks nothing');
  }

  time(): void {
    throw new Error('a client has no clock');
  }

  outputs(): Output[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  #unasked(): string {
    const word = this.#greeted ? 'unasked' : 'greeting';
    this.#greeted = true;
    return word;
  }

  #take(actions: readonly ClientAction[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'write': {
          const bytes = Buffer.concat(action.chunks);
          if (action.shown.startsWith('(')) this.#outputs.push({ mark: 'B:', text: shownBytes(bytes) });
          else
            for (const text of bytes.toString().split('\r\n').slice(0, -1))
              this.#outputs.push({ mark: 'S:', text });
          break;
        }
        case 'reply': {
          const { to, reply, failure } = action;
          const words = [to === null ? this.#unasked() : to.send, reply.code, reply.enhanced, failure];
          this.#outputs.push({ mark: 'R:', text: words.filter((word) => word !== null).join(' ') });
          if (to?.send === 'EHLO' || to?.send === 'LHLO')
            for (const [keyword, parameters] of this.#client.extensions)
              this.#outputs.push({ mark: 'R:', text: ['-', keyword, ...parameters].join(' ') });
          break;
        }
        case 'recipient': {
          const { recipient, reply } = action;
          const words = ['for', formatAddress(recipient), reply.code, reply.enhanced];
          this.#outputs.push({ mark: 'R:', text: words.filter((word) => word !== null).join(' ') });
          break;
        }
        case 'unsent':
          this.#outputs.push({ mark: 'R:', text: `${action.to.send} unsent ${JSON.stringify(action.why)}` });
          break;
        case 'note':
          this.#outputs.push({ mark: 'R:', text: `note ${action.reply.code}` });
          break;
        case 'secure':
          this.#outputs.push({ mark: 'X:', text: 'handshake' });
          break;
        case 'broken':
          this.closed = true;
          this.#outputs.push({ mark: 'X:', text: `broken: ${action.why}` });
          break;
      }
    }
  }
}

function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`no address: ${text}`);
  return parsed.value;
}

/** `send AUTH mechanism password` authenticates nu1@447.edu; `send content text` has escapes in its text. */
function commandOf(text: string): ClientCommand {
  const [order, send = '', argument = '', ...more] = text.split(' ');
  if (order !== 'send') throw new Error(`no such event: ${text}`);
  switch (send) {
    case 'EHLO':
    case 'HELO':
    case 'LHLO':
      return { send, name: argument };
    case 'MAIL':
      return mailOf(argument, more.join(' '));
    case 'RCPT': {
      const parameters = parseRecipientParameters(more.join(' '));
      if ('code' in parameters) throw new Error(`no parameters: ${text}`);
      const { requests } = parameters;
      return { send, recipient: addressOf(argument), ...(requests === null ? {} : { requests }) };
    }
    case 'BDAT':
    case 'BDAT-LAST':
      return { send: 'BDAT', chunks: contentOf([argument, ...more]), isLast: send === 'BDAT-LAST' };
    case 'XENROL':
      return { send, address: addressOf(argument) };
    case 'AUTH': {
      const exchange = clientExchange(
        argument as Mechanism,
        { user: 'nu1@447.edu', password: new Secret(more[0] === 'long' ? 'long '.repeat(150) : 'pencil') },
        { channelBinding: Buffer.alloc(32, 0x42), announced: [argument], nonce: Buffer.alloc(18, 0x31) },
      );
      if (!exchange.ok) throw new Error(`no exchange: ${text}`);
      return { send, exchange: exchange.value };
    }
    case 'content':
      return { send, chunks: contentOf([argument, ...more]) };
    default:
      return { send: send as 'DATA' | 'RSET' | 'NOOP' | 'HELP' | 'QUIT' | 'STARTTLS' };
  }
}

/** `_` is a space, `\\r\\n` a line end, `\\n` an LF alone. */
const contentOf = (words: readonly string[]): Buffer[] =>
  words.map((word) =>
    Buffer.from(
      word.replaceAll('\\r', '\r').replaceAll('\\n', '\n').replaceAll('\\0', '\0').replaceAll('_', ' '),
    ),
  );

/** Parameters as the server would read them; SIZE is there or not, BODY where it is not 7BIT. */
function mailOf(path: string, text: string): ClientCommand {
  const parameters = parseMailParameters(text);
  if ('code' in parameters) throw new Error(`no parameters: ${text}`);
  const { sizeBytes, body, smtpUtf8, requests } = parameters;
  return {
    send: 'MAIL',
    sender: path === '<>' ? null : addressOf(path),
    ...(sizeBytes === null ? {} : { sizeBytes }),
    ...(/BODY=/.test(text) ? { body } : {}),
    ...(smtpUtf8 ? { smtpUtf8 } : {}),
    ...(requests === null ? {} : { requests }),
  };
}

const folder = new URL('transcripts/', import.meta.url);
for (const file of readdirSync(folder).sort()) {
  test(`transcript ${file}`, () =>
    playFile(
      new URL(file, folder),
      (words) => new PlayedClient(words.includes('lmtp') ? 'lmtp' : 'smtp'),
      'client',
    ));
}
