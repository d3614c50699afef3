import { formatBase64 } from '../../bytes/base64.ts';
import { formatUnitext, formatXtext } from '../../bytes/xtext.ts';
import { formatAddress, type Address } from '../../mail/address.ts';
import type { ClientExchange } from '../../sasl/client.ts';
import type { MailRequests, OriginalRecipient, RecipientRequests } from '../requests.ts';
import type { Body } from '../session.ts';

/** What a client can be told to send. */
export type ClientCommand =
  /** LHLO on LMTP, the others on SMTP (RFC 2033 section 4.1). */
  | { readonly send: 'EHLO' | 'HELO' | 'LHLO'; readonly name: string }
  | { readonly send: 'AUTH'; readonly exchange: ClientExchange }
  | { readonly send: 'XENROL'; readonly address: Address }
  | {
      readonly send: 'MAIL';
      readonly sender: Address | null;
      readonly sizeBytes?: number;
      readonly body?: Body;
      readonly smtpUtf8?: boolean;
      readonly requests?: MailRequests;
    }
  | { readonly send: 'RCPT'; readonly recipient: Address; readonly requests?: RecipientRequests }
  /** The next octets of the letter; `isLast` makes it whole. With CRLF line ends, unless MAIL said BINARYMIME. */
  | { readonly send: 'BDAT'; readonly chunks: readonly Uint8Array[]; readonly isLast: boolean }
  /** The letter, with CRLF line ends; goes out when DATA was answered with 354, else is answered by that refusal. */
  | { readonly send: 'content'; readonly chunks: readonly Uint8Array[] }
  | { readonly send: 'DATA' | 'RSET' | 'NOOP' | 'HELP' | 'QUIT' | 'STARTTLS' };

/** The commands that more may follow without waiting for their reply (RFC 2920 section 3.1). */
export const isPipelined = (command: ClientCommand): boolean => {
  switch (command.send) {
    case 'MAIL':
    case 'RCPT':
    case 'RSET':
      return true;
    case 'BDAT':
      // What follows the last chunk belongs to another letter, and waits for what became of this one.
      return !command.isLast;
    default:
      return false;
  }
};

/** A command's line: as it goes on the wire, and as a trace may show it. */
export type CommandLine = {
  readonly wire: string;
  readonly shown: string;
  /** An initial response of AUTH that does not fit into its line: it answers the first challenge, an empty one. */
  readonly initial: Uint8Array | null;
};

/** RFC 4954 section 4: AUTH is bound by the length of a command line like any other, its responses are not. */
const longestLineBytes = 512;

const shownAsSent = (wire: string): CommandLine => ({ wire, shown: wire, initial: null });

/** The line of a command, without CRLF. A fault where its parts would make it more than one line. */
export function formatCommand(command: Exclude<ClientCommand, { send: 'content' }>): CommandLine {
  const line = lineOf(command);
  if (/[\r\n\0]/.test(line.wire)) throw new Error(`a command must be one line: ${command.send}`);
  return line;
}

function lineOf(command: Exclude<ClientCommand, { send: 'content' }>): CommandLine {
  switch (command.send) {
    case 'EHLO':
    case 'HELO':
    case 'LHLO':
      return shownAsSent(`${command.send} ${command.name.replaceAll(/[^!-~]/gu, '-')}`);
    case 'MAIL':
      return shownAsSent(mailLine(command));
    case 'RCPT': {
      const path = formatAddress(command.recipient);
      return shownAsSent(`RCPT TO:<${path}>${recipientWords(command.requests)}`);
    }
    case 'BDAT':
      return shownAsSent(`BDAT ${sizeOf(command.chunks)}${command.isLast ? ' LAST' : ''}`);
    case 'XENROL':
      return shownAsSent(`XENROL ${formatAddress(command.address)}`);
    case 'AUTH': {
      const initial = command.exchange.start();
      const line = `AUTH ${command.exchange.mechanism}`;
      if (initial === null) return shownAsSent(line);
      const wire = `${line} ${initial.length === 0 ? '=' : formatBase64(initial)}`;
      if (wire.length + 2 > longestLineBytes) return { wire: line, shown: line, initial };
      return { wire, shown: `${line} ***`, initial: null };
    }
    default:
      return shownAsSent(command.send);
  }
}

/** How many octets there are in all. */
const sizeOf = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((sizeBytes, chunk) => sizeBytes + chunk.length, 0);

function mailLine(command: Extract<ClientCommand, { send: 'MAIL' }>): string {
  const { sizeBytes, body, smtpUtf8, requests } = command;
  const path = command.sender === null ? '' : formatAddress(command.sender);
  const size = sizeBytes === undefined ? '' : ` SIZE=${sizeBytes}`;
  const lines = body === undefined ? '' : ` BODY=${body}`;
  const utf8 = smtpUtf8 === true ? ' SMTPUTF8' : '';
  return `MAIL FROM:<${path}>${size}${lines}${utf8}${requests === undefined ? '' : mailWords(requests)}`;
}

/** What `parseMailParameters` reads, in the order of the fields. */
function mailWords({ hold, deliverBy, submitter, ...asked }: MailRequests): string {
  const words: string[] = [];
  if (asked.requireTls) words.push('REQUIRETLS');
  if (asked.ret !== null) words.push(`RET=${asked.ret}`);
  if (asked.envelopeId !== null) words.push(`ENVID=${formatXtext(asked.envelopeId)}`);
  if (hold !== null)
    words.push('forSeconds' in hold ? `HOLDFOR=${hold.forSeconds}` : `HOLDUNTIL=${dateTime(hold.untilMs)}`);
  if (deliverBy !== null) {
    const mode = deliverBy.otherwise === 'return' ? 'R' : 'N';
    words.push(`BY=${deliverBy.seconds};${mode}${deliverBy.trace ? 'T' : ''}`);
  }
  if (asked.priority !== null) words.push(`MT-PRIORITY=${asked.priority}`);
  if (submitter !== null) words.push(`AUTH=${submitter === 'unknown' ? '<>' : utf8Xtext(submitter)}`);
  return words.map((word) => ` ${word}`).join('');
}

/** An address as xtext of its UTF-8 (RFC 4954 section 5). */
const utf8Xtext = (address: Address): string =>
  formatXtext(Buffer.from(formatAddress(address)).toString('latin1'));

/** Whole seconds in UTC (RFC 3339 section 5.6). */
const dateTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What `parseRecipientParameters` reads (RFC 3461 section 4). */
function recipientWords(requests: RecipientRequests | undefined): string {
  if (requests === undefined) return '';
  const { notify, originalRecipient } = requests;
  const when = notify === null ? '' : ` NOTIFY=${notify.length === 0 ? 'NEVER' : notify.join(',')}`;
  return `${when}${originalRecipient === null ? '' : ` ORCPT=${originalText(originalRecipient)}`}`;
}

/** In ASCII, whatever the address: that goes everywhere (RFC 6533 section 3). */
const originalText = ({ type, address }: OriginalRecipient): string =>
  `${type};${type === 'utf-8' ? formatUnitext(address) : formatXtext(address)}`;
