import { grammarLimits } from './limits.ts';

/**
 * A reply (RFC 5321 section 4.2). `enhanced` is the subject and detail of the enhanced status code (RFC 3463 section 2);
 * its class is the reply code's first digit, so that the two cannot disagree. null for replies that carry none.
 */
export type Reply = {
  readonly code: number;
  readonly enhanced: `${number}.${number}` | null;
  /** At least one line, without CRLF. */
  readonly lines: readonly string[];
  /** What a log may have of it, where that is less than the lines. */
  readonly shown?: string;
};

/** The reply on one line for a log, without secrets. */
export const showReply = (reply: Reply): string => `${reply.code} ${reply.shown ?? reply.lines.join(' / ')}`;

const formatted = new WeakMap<Reply, string>();

/** The reply as it goes on the wire, CRLF included. Replies that never change are put together once. */
export function formatReply(reply: Reply): string {
  let wire = formatted.get(reply);
  if (wire === undefined) {
    wire = format(reply);
    formatted.set(reply, wire);
  }
  return wire;
}

function format(reply: Reply): string {
  const status = reply.enhanced === null ? '' : `${Math.trunc(reply.code / 100)}.${reply.enhanced} `;
  const last = reply.lines.length - 1;
  let wire = '';
  for (const [index, line] of reply.lines.entries()) {
    wire += `${reply.code}${index === last ? ' ' : '-'}${status}${line}\r\n`;
  }
  return wire;
}

/** Text that may stand in a reply: printable ASCII (RFC 5321 section 4.2) on one line. */
const printable = (text: string): string => (/^[ -~]*$/.test(text) ? text : text.replaceAll(/[^ -~]/g, '?'));

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}...` : text;

/** Whatever a line is made of, it is one line of ASCII that fits. */
const reply = (code: number, enhanced: Reply['enhanced'], ...lines: string[]): Reply => ({
  code,
  enhanced,
  lines: lines.map((line) => cut(printable(line), grammarLimits.replyTextOctets)),
});

const shown = (text: string): string => cut(printable(text), grammarLimits.shownCharacters);

/** Every reply of the server, by name. */
export const say = {
  greeting: (host: string) => reply(220, null, `${host} ESMTP Letterlock`),
  greetingLmtp: (host: string) => reply(220, null, `${host} LMTP Letterlock`),
  hello: (host: string, client: string) => reply(250, null, `${host} welcomes ${shown(client)}`),
  ehlo: (host: string, client: string, keywords: readonly string[]) =>
    reply(250, null, `${host} welcomes ${shown(client)}`, ...keywords),
  bye: (host: string) => reply(221, '0.0', `${host} closes the connection; goodbye`),
  reset: reply(250, '0.0', 'Transaction forgotten'),
  noop: reply(250, '0.0', 'Still here'),
  help: (now: string, verbs: readonly string[]) =>
    reply(214, '0.0', `Commands: ${verbs.join(' ')}`, now, 'RFC 5321 describes them'),
  vrfy: reply(252, '5.2', 'Cannot verify; send a letter, and delivery is tried'),

  startTls: reply(220, '0.0', 'Ready to start TLS'),
  needTls: reply(530, '7.0', 'Protect the connection first: STARTTLS'),
  alreadyTls: reply(503, '5.1', 'The connection is protected already'),
  noTlsHere: reply(502, '5.1', 'STARTTLS is not offered on this door'),
  injected: reply(554, '5.1', 'Nothing may follow STARTTLS before the handshake; closing'),

  /** `text` is base64, and may be as long as 12288 octets (RFC 4954 section 4). */
  challenge: (text: string) => ({ code: 334, enhanced: null, lines: [text], shown: '***' }),
  loggedIn: (account: string) => reply(235, '7.0', `Authenticated as ${shown(account)}`),
  authCancelled: reply(501, '7.0', 'Authentication cancelled'),
  authMalformed: (detail: string) => reply(501, '5.2', `Malformed authentication: ${detail}`),
  authNotBase64: reply(501, '5.2', 'Not base64 (RFC 4648, with padding)'),
  authFailed: reply(535, '7.8', 'Wrong user name or password'),
  authBinding: reply(
    535,
    '7.8',
    'Channel binding does not match this connection: somebody may be in between',
  ),
  authOther: reply(535, '7.8', 'Acting as somebody else is not allowed'),
  authThrottled: (waitSeconds: number) =>
    reply(454, '7.0', `Too many failed logins; try again in ${waitSeconds} s`),
  authUnavailable: (waitSeconds: number) =>
    reply(454, '7.0', `Logins of this kind cannot be checked now; try again in ${waitSeconds} s`),
  authFault: (id: string) => reply(454, '7.0', `Temporary authentication failure; the log has it as ${id}`),
  authUnknown: reply(504, '5.4', 'No such mechanism here; EHLO lists the ones there are'),
  authTwice: reply(503, '5.1', 'Already authenticated'),
  authInMail: reply(503, '5.1', 'AUTH is not allowed inside a mail transaction; RSET first'),
  authFirst: reply(530, '7.0', 'Authenticate first: AUTH'),
  authFirstInOrder: reply(503, '5.1', 'Out of order: AUTH comes first'),
  authNotHere: reply(502, '5.1', 'AUTH is not offered on this door'),

  enrolled: (account: string, password: string) => ({
    ...reply(
      250,
      '7.0',
      `Enrolled ${shown(account)}`,
      `Password: ${password}`,
      'It is shown this once; reconnect and AUTH with it',
    ),
    shown: `Enrolled ${shown(account)}, password ***`,
  }),
  enrolNotHere: reply(502, '5.1', 'XENROL is not offered here'),
  enrolLoggedIn: reply(503, '5.1', 'Already authenticated; XENROL is for newcomers'),
  enrolInMail: reply(503, '5.1', 'XENROL is not allowed inside a mail transaction; RSET first'),
  enrolExists: reply(550, '7.0', 'That account exists already; AUTH with its password'),
  enrolReserved: reply(550, '7.0', 'That name is reserved; choose another'),
  enrolUnusable: reply(550, '7.0', 'Nobody could log in by that name (SASLprep); choose another'),
  enrolElsewhere: (domains: readonly string[]) =>
    reply(550, '7.0', `Accounts here are in ${shown(domains.join(', '))}; give an address of that domain`),
  enrolThrottled: (waitSeconds: number) =>
    reply(450, '7.0', `Too many new accounts; try again in ${waitSeconds} s`),

  xclientNotHere: reply(550, '7.0', 'XCLIENT is for the proxies of this house'),
  xclientInMail: reply(503, '5.1', 'XCLIENT is not allowed inside a mail transaction; RSET first'),
  wrongProxied: reply(501, '5.4', 'Syntax: XCLIENT NAME= ADDR= PORT= DESTADDR= DESTPORT=, values in xtext'),

  ehloFirst: reply(503, '5.1', 'Out of order: EHLO comes first'),
  lhloFirst: reply(503, '5.1', 'Out of order: LHLO comes first'),
  sayLhlo: reply(502, '5.1', 'This is LMTP: say LHLO'),
  sayEhlo: reply(502, '5.1', 'This is SMTP: say EHLO'),
  mailFirst: reply(503, '5.1', 'Out of order: MAIL FROM comes first'),
  rcptFirst: reply(503, '5.1', 'Out of order: RCPT TO comes first'),
  nestedMail: reply(503, '5.1', 'Out of order: one mail transaction at a time; RSET ends it'),
  senderOk: reply(250, '1.0', 'Sender accepted'),
  recipientOk: reply(250, '1.5', 'Recipient accepted'),
  startData: reply(354, null, 'Send the letter; end it with a dot on a line of its own'),
  chunkTaken: (sizeBytes: number) => reply(250, '0.0', `${sizeBytes} octets taken`),
  chunkNotHere: reply(502, '5.1', 'BDAT is not offered here'),
  chunkRefused: reply(503, '5.1', 'Out of order: a chunk of this letter was refused; RSET begins anew'),
  chunksOnly: reply(503, '5.1', 'Out of order: the letter comes by BDAT, and so to its end; RSET forgets it'),
  chunksForBinary: reply(503, '5.1', 'Out of order: BODY=BINARYMIME comes by BDAT'),
  wrongChunk: (usage: string) => reply(501, '5.4', `Syntax: ${usage}; closing, as octets may follow`),
  hugeChunk: (maxBytes: number) =>
    reply(552, '3.4', `Chunk too big: at most ${maxBytes} octets are read of one; closing`),
  bareInChunk: reply(554, '6.1', 'A CR or LF alone: only CRLF ends a line, without BODY=BINARYMIME'),
  delivered: (id: string) => reply(250, '0.0', `Mail was sent; stored as ${id}`),

  syntax: (usage: string) => reply(501, '5.4', `Syntax: ${usage}`),
  addressWrong: (detail: string) => reply(501, '1.3', detail),
  senderWrong: (detail: string) => reply(501, '1.7', detail),
  needsSmtpUtf8: reply(553, '6.7', 'That address is not ASCII: say SMTPUTF8 on MAIL FROM'),
  unknownParameter: (keyword: string) => reply(555, '5.4', `Parameter ${shown(keyword)} is not known here`),
  doubledParameter: (keyword: string) => reply(501, '5.4', `Parameter ${shown(keyword)} is given twice`),
  wrongParameter: (keyword: string, expected: string) =>
    reply(501, '5.4', `${shown(keyword)} takes ${expected}`),
  holdTwice: reply(501, '5.4', 'HOLDFOR and HOLDUNTIL say the same; give one'),
  holdTooLong: (seconds: number) => reply(501, '5.4', `A letter is held for at most ${seconds} s`),
  unknownCommand: reply(500, '5.1', 'Command not recognised; HELP lists them'),
  notImplemented: reply(502, '5.1', 'Command not implemented here'),
  notUtf8: reply(500, '5.2', 'The line is neither ASCII nor UTF-8'),
  controlCharacter: reply(500, '5.2', 'A control character has no place in a command'),
  lineTooLong: (maxBytes: number) =>
    reply(500, '5.2', `Line too long: at most ${maxBytes} octets with its CRLF`),

  notYours: reply(550, '7.1', 'MAIL FROM must be an address of the account that authenticated'),
  fromNotYours: (named: string) =>
    reply(550, '7.1', `From or Sender names ${shown(named)}: no address of the account that authenticated`),
  fromMissing: reply(550, '7.1', 'From must be an address of the account that authenticated'),
  tooManyLetters: (most: number, per: string, waitSeconds: number) =>
    reply(450, '7.0', `More than ${most} letters in one ${per}; try again in ${waitSeconds} s`),
  tooManyRecipientsSent: (most: number, per: string, waitSeconds: number) =>
    reply(452, '5.3', `More than ${most} recipients in one ${per}; try again in ${waitSeconds} s`),
  noSuchMailbox: reply(550, '1.1', 'No such mailbox here'),
  noRelay: reply(550, '7.1', 'That domain is not served here, and this server does not relay'),
  tooManyRecipients: (most: number) =>
    reply(452, '5.3', `Too many recipients: at most ${most} in one transaction`),
  tooBig: (maxBytes: number) => reply(552, '3.4', `Letter too big: at most ${maxBytes} octets`),
  overloaded: reply(452, '3.1', 'Too much mail is under way; try again in a moment'),
  diskFull: (id: string) =>
    reply(452, '3.1', `The disk of this server is full; try again later; the log has it as ${id}`),
  looping: reply(554, '4.6', 'The letter goes in circles: too many Received fields'),
  dmarcFailed: (domain: string) =>
    reply(
      550,
      '7.1',
      `${shown(domain)} does not vouch for this letter, and asks to refuse such letters (DMARC)`,
    ),
  // RFC 7372 section 3.2.
  spfFailed: (domain: string) =>
    reply(550, '7.23', `${shown(domain)} does not let your address send its mail (SPF)`),
  notLookedUp: reply(451, '4.3', 'The sender could not be looked up; try again later'),
  headerTooLong: reply(552, '3.4', 'The header of the letter is too long'),
  changedMeanwhile: reply(451, '2.0', 'A mailbox changed while the letter came; try again'),
  mailboxFull: reply(452, '2.2', 'A mailbox is full; try again later'),
  exceedsQuota: reply(552, '2.2', 'The letter is larger than all that the mailbox may keep'),
  recipientGone: reply(550, '1.1', 'A recipient is gone since RCPT TO; nothing was delivered'),

  bareCr: reply(554, '5.2', 'A CR without LF: only CRLF ends a line; closing'),
  bareLf: reply(554, '5.2', 'An LF without CR: only CRLF ends a line; closing'),
  banned: reply(421, '7.0', 'Connections from your network are not taken here; closing'),
  tooManyConnections: reply(421, '3.2', 'Too many connections at once; try again in a minute'),
  tooManyFromNetwork: reply(
    421,
    '7.0',
    'Too many connections at once from your network; try again in a minute',
  ),
  tooFast: reply(421, '7.0', 'Too many connections begun from your address; try again in a minute'),
  proxyNotHere: reply(421, '7.0', 'A PROXY header is taken from the proxies of this house only; closing'),
  proxyFirst: reply(421, '7.0', 'A PROXY header comes first from your network; closing'),
  earlyTalker: reply(554, '5.1', 'You spoke before the greeting; closing'),
  wrongProtocol: reply(554, '5.1', 'This is SMTP, not HTTP; closing'),
  wrongApplication: reply(421, '7.0', 'TLS was agreed for another protocol than SMTP (ALPN); closing'),
  endlessLine: reply(421, '5.2', 'The line does not end; closing'),
  endlessLetter: reply(421, '3.4', 'The letter does not end; closing'),
  tooManyErrors: reply(421, '7.0', 'Too many errors; closing'),
  tooManyLogins: reply(421, '7.0', 'Too many failed logins; closing'),
  tooManyCommands: reply(421, '7.0', 'Too many commands without a letter; closing'),
  tooManyTransactions: (most: number) =>
    reply(421, '7.0', `Too many letters on one connection: at most ${most}; connect anew`),
  idle: reply(421, '4.2', 'Nothing came for too long; closing'),
  stopping: (host: string) => reply(421, '3.2', `${host} is stopping; try again later`),
  fault: (id: string) => reply(451, '3.0', `Something went wrong on this side; the log has it as ${id}`),
} as const;
