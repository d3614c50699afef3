import { parseAddress, parseForwardPath, parseReversePath, type Address } from '../mail/address.ts';
import { grammarLimits } from './limits.ts';
import type { Recipient } from './session.ts';
import {
  parseMailParameters,
  parseRecipientParameters,
  type MailParameters,
  type RecipientParameters,
} from './parameters.ts';
import { parseProxied, type Proxied } from './proxied.ts';
import { say, type Reply } from './reply.ts';

/** A command whose syntax is right; whether it fits the stage is not known here. */
export type Command =
  | { readonly verb: 'EHLO' | 'HELO' | 'LHLO'; readonly client: string }
  | { readonly verb: 'MAIL'; readonly sender: Address | null; readonly parameters: MailParameters }
  | { readonly verb: 'RCPT'; readonly recipient: Recipient; readonly parameters: RecipientParameters }
  | Chunk
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initial: string | null }
  | { readonly verb: 'XENROL'; readonly address: Address }
  | { readonly verb: 'XCLIENT'; readonly proxied: Proxied }
  | Bare;

/** BDAT: so many octets come behind the line, whatever becomes of them (RFC 3030 section 2). */
export type Chunk = { readonly verb: 'BDAT'; readonly sizeBytes: number; readonly isLast: boolean };

/** The commands of which only the verb counts. */
type Bare<V = 'DATA' | 'RSET' | 'QUIT' | 'STARTTLS' | 'NOOP' | 'HELP' | 'VRFY'> = V extends string
  ? { readonly verb: V }
  : never;

export type Verb = Command['verb'];

/** What a line turned out to be. A wrong one carries the reply that says so. */
export type Parsed =
  | { readonly is: 'command'; readonly command: Command }
  | { readonly is: 'unknown' }
  | { readonly is: 'not-implemented' }
  | { readonly is: 'wrong'; readonly verb: Verb; readonly reply: Reply };

type Arguments = (text: string) => Command | Reply;

/** Commands of SMTP and its relatives that are known and refused by name (RFC 5321 section 4.2.4). */
const notImplemented = new Set(['EXPN', 'TURN', 'SEND', 'SOML', 'SAML', 'ETRN', 'BURL']);

const isWord = /^[A-Za-z]+$/;

const usage = {
  EHLO: 'EHLO your-host-name',
  HELO: 'HELO your-host-name',
  LHLO: 'LHLO your-host-name',
  MAIL: 'MAIL FROM:<you@your.domain> [SIZE=octets] [BODY=7BIT|8BITMIME] [SMTPUTF8]',
  RCPT: 'RCPT TO:<somebody@their.domain>',
  BDAT: 'BDAT octets [LAST]',
  AUTH: 'AUTH mechanism [initial-response]',
  XENROL: 'XENROL you@a.domain.of.this.server',
  VRFY: 'VRFY name',
} as const;

/** `line` is without its CRLF. What it names is looked up in a closed table and nowhere else. */
export function parseCommand(line: string): Parsed {
  const space = line.indexOf(' ');
  const typed = space < 0 ? line : line.slice(0, space);
  // Some letters outside ASCII have an upper case inside it. Nearly every client writes upper case already.
  const word = commands.has(typed as Verb) ? typed : isWord.test(typed) ? typed.toUpperCase() : '';
  const parse = commands.get(word as Verb);
  if (parse === undefined) {
    return { is: notImplemented.has(word) ? 'not-implemented' : 'unknown' };
  }
  const command = parse(space < 0 ? '' : line.slice(space + 1));
  return 'verb' in command ? { is: 'command', command } : { is: 'wrong', verb: word as Verb, reply: command };
}

/** Whether octets may follow a line that are no commands, however wrong the line is. */
export const beginsChunk = (line: string): boolean => /^BDAT(?![A-Z])/i.test(line);

/**
 * ehlo = "EHLO" SP ( Domain / address-literal ) CRLF      (RFC 5321 section 4.1.1.1, RFC 2033 section 4.1)
 *
 * Lenient: any one printable word is taken as the client's name, and only shown (programs in private networks send
 * names with underscores, or bare host names; nothing is decided by it).
 */
function hello(verb: 'EHLO' | 'HELO' | 'LHLO'): Arguments {
  return (text) => {
    const client = text.trim();
    const fits =
      Buffer.byteLength(client) <= grammarLimits.domainOctets && /^[!-~\u00A0-\u{10FFFF}]+$/u.test(client);
    return fits ? { verb, client } : say.syntax(usage[verb]);
  };
}

/**
 * mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF      (RFC 5321 section 4.1.1.2)
 *
 * Lenient: spaces after the colon (older mail programs send one).
 */
function mail(text: string): Command | Reply {
  if (!/^FROM:/i.test(text)) return say.syntax(usage.MAIL);
  const path = text.slice(5).trimStart();
  if (!path.startsWith('<')) return say.syntax(usage.MAIL);
  const parsed = parseReversePath(path);
  if (!parsed.ok) return say.senderWrong(`The sender's address is wrong: ${parsed.refusal.detail}`);
  const { rest } = parsed.value;
  if (rest !== '' && !rest.startsWith(' ')) return say.syntax(usage.MAIL);
  const parameters = parseMailParameters(rest);
  return 'code' in parameters ? parameters : { verb: 'MAIL', sender: parsed.value.address, parameters };
}

/**
 * rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
 * (RFC 5321 section 4.1.1.3)
 */
function rcpt(text: string): Command | Reply {
  if (!/^TO:/i.test(text)) return say.syntax(usage.RCPT);
  const path = text.slice(3).trimStart();
  if (!path.startsWith('<')) return say.syntax(usage.RCPT);
  const parsed = parseForwardPath(path);
  if (!parsed.ok) return say.addressWrong(`The recipient's address is wrong: ${parsed.refusal.detail}`);
  const { rest } = parsed.value;
  if (rest !== '' && !rest.startsWith(' ')) return say.syntax(usage.RCPT);
  const parameters = parseRecipientParameters(rest);
  return 'code' in parameters ? parameters : { verb: 'RCPT', recipient: parsed.value.recipient, parameters };
}

/**
 * bdat-cmd   = "BDAT" SP chunk-size [ SP end-marker ] CRLF      (RFC 3030 section 2)
 * chunk-size = 1*DIGIT
 * end-marker = "LAST"
 */
function bdat(text: string): Command | Reply {
  const match = /^([0-9]{1,20})( LAST)?$/i.exec(text);
  if (match === null) return say.wrongChunk(usage.BDAT);
  return { verb: 'BDAT', sizeBytes: Number(match[1]), isLast: match[2] !== undefined };
}

/** XCLIENT (a local extension, RFC 5321 section 2.2.2): a proxy says whom it speaks for. */
function xclient(text: string): Command | Reply {
  const proxied = parseProxied(text);
  return 'code' in proxied ? proxied : { verb: 'XCLIENT', proxied };
}

/** "AUTH" SP mechanism [SP initial-response]; "=" stands for an empty one (RFC 4954 section 4). */
function auth(text: string): Command | Reply {
  const match = /^([A-Za-z0-9_-]{1,20})(?: +([A-Za-z0-9+/=]+))? *$/.exec(text);
  if (match === null) return say.syntax(usage.AUTH);
  return { verb: 'AUTH', mechanism: match[1]!, initial: match[2] ?? null };
}

/** "XENROL" SP Mailbox: makes an account; the password comes with the reply. */
function xenrol(text: string): Command | Reply {
  const bare = text.trim();
  if (bare === '') return say.syntax(usage.XENROL);
  const parsed = parseAddress(bare.startsWith('<') && bare.endsWith('>') ? bare.slice(1, -1) : bare);
  if (!parsed.ok) return say.addressWrong(`The address is wrong: ${parsed.refusal.detail}`);
  return { verb: 'XENROL', address: parsed.value };
}

const plain =
  (verb: 'DATA' | 'RSET' | 'QUIT' | 'STARTTLS'): Arguments =>
  (text) =>
    text.trim() === '' ? { verb } : say.syntax(`${verb} takes nothing after it`);

const commands: ReadonlyMap<Verb, Arguments> = new Map<Verb, Arguments>([
  ['EHLO', hello('EHLO')],
  ['HELO', hello('HELO')],
  ['LHLO', hello('LHLO')],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', plain('DATA')],
  ['BDAT', bdat],
  ['RSET', plain('RSET')],
  ['NOOP', () => ({ verb: 'NOOP' })],
  ['HELP', () => ({ verb: 'HELP' })],
  ['VRFY', (text) => (text.trim() === '' ? say.syntax(usage.VRFY) : { verb: 'VRFY' })],
  ['AUTH', auth],
  ['STARTTLS', plain('STARTTLS')],
  ['XENROL', xenrol],
  ['XCLIENT', xclient],
  ['QUIT', plain('QUIT')],
]);

/** Whether a word, in any case, is a command that is known here by name. */
export const isVerb = (word: string): boolean => {
  const upper = word.toUpperCase();
  return commands.has(upper as Verb) || notImplemented.has(upper);
};

/** The commands there are; HELP lists those of the door. */
export const verbs: readonly Verb[] = [...commands.keys()];
