import { grammarLimits } from './limits.ts';

/** The response codes there are (RFC 2449 section 8, RFC 3206 section 3). */
export type ResponseCode = 'IN-USE' | 'SYS/TEMP' | 'SYS/PERM' | 'AUTH';

/** A response, or the first line of one (RFC 1939 section 3). */
export type Reply = {
  /** `+` is a challenge of SASL (RFC 5034 section 4). */
  readonly status: '+OK' | '-ERR' | '+';
  /** What a program understands of it; on `-ERR` alone. */
  readonly code: ResponseCode | null;
  /** One line, without CRLF. */
  readonly text: string;
  /** The other lines of a multi-line response, whose end is written behind them; null for a response of one line. */
  readonly lines: readonly string[] | null;
  /** What a log may have of it, where that is less than the text. */
  readonly shown?: string;
  /** Whether it answers a mistake of the client, of which a session has only so many. */
  readonly isMistake: boolean;
};

/** The first line of a reply for a log, without secrets. */
export const showReply = ({ status, code, text, shown }: Reply): string =>
  `${status} ${code === null ? '' : `[${code}] `}${shown ?? text}`;

/** The reply as it goes on the wire, CRLF included. */
export function formatReply({ status, code, text, lines }: Reply): string {
  const first = `${status} ${code === null ? '' : `[${code}] `}${text}\r\n`;
  return lines === null ? first : `${first}${lines.map((line) => `${line}\r\n`).join('')}.\r\n`;
}

const cut = (text: string, longest: number): string =>
  text.length > longest ? `${text.slice(0, longest)}...` : text;

/** Text that may stand in a reply: printable ASCII on one line. */
const printable = (text: string): string => text.replaceAll(/[^ -~]/g, '?');

const reply = (status: Reply['status'], code: Reply['code'], text: string): Reply => ({
  status,
  code,
  text: cut(printable(text), grammarLimits.replyTextOctets),
  lines: null,
  isMistake: false,
});

const yes = (text: string): Reply => reply('+OK', null, text);
const list = (text: string, lines: readonly string[]): Reply => ({
  ...yes(text),
  lines: lines.map(printable),
});
/** A no that is the client's doing. */
const no = (text: string): Reply => ({ ...reply('-ERR', null, text), isMistake: true });
/** A no that is not, or not for sure. */
const sorry = (code: ResponseCode, text: string): Reply => reply('-ERR', code, text);
/** The same where no code says it. */
const plainly = (text: string): Reply => reply('-ERR', null, text);
/** A login that did not succeed, for what the client sent (RFC 3206 section 4). */
const notIn = (text: string): Reply => ({ ...sorry('AUTH', text), isMistake: true });

const counted = (count: number): string => (count === 1 ? '1 letter' : `${count} letters`);

/** Every reply of the server, by name. */
export const say = {
  /** Without the time stamp in angle brackets, which would offer APOP (RFC 1939 section 7). */
  greeting: (host: string) => yes(`${host} POP3 Letterlock`),
  capabilities: (lines: readonly string[]) => list('Capabilities follow', lines),
  bye: (host: string) => yes(`${host} closes the connection; goodbye`),
  removed: (count: number, host: string) => yes(`${counted(count)} removed; ${host} says goodbye`),
  /** RFC 1939 section 6: the deletions may have come to nothing, and never to more than what was asked for. */
  notRemoved: (id: string) =>
    sorry('SYS/TEMP', `The letters that were to be removed may still be there; the log has it as ${id}`),
  nothingRemoved: sorry('SYS/TEMP', 'Too much is under way here: nothing was removed; try again in a moment'),
  maildropGone: plainly('The maildrop is gone, and everything in it'),

  startTls: yes('Ready to start TLS'),
  needTls: no('Protect the connection first: STLS'),
  alreadyTls: no('The connection is protected already'),
  noTlsHere: no('STLS is not offered on this door'),
  injected: no('Nothing may follow STLS before the handshake; closing'),

  utf8: yes('Letters that are written in UTF-8 come in UTF-8'),

  userOk: yes('Send PASS'),
  userFirst: no('USER comes before PASS'),
  /** `text` is base64, and may be as long as 12288 octets. */
  challenge: (text: string): Reply => ({ ...reply('+', null, ''), text, shown: '***' }),
  loggedIn: (count: number, sizeBytes: number) => yes(`Logged in; ${counted(count)}, ${sizeBytes} octets`),
  authCancelled: no('Authentication cancelled'),
  authMalformed: (detail: string) => no(`Malformed authentication: ${detail}`),
  authNotBase64: no('Not base64 (RFC 4648, with padding)'),
  authFailed: notIn('Wrong user name or password'),
  authBinding: notIn('Channel binding does not match this connection: somebody may be in between'),
  authOther: notIn('Acting as somebody else is not allowed'),
  authThrottled: (waitSeconds: number) =>
    sorry('SYS/TEMP', `Too many failed logins; try again in ${waitSeconds} s`),
  authUnavailable: (waitSeconds: number) =>
    sorry('SYS/TEMP', `Logins of this kind cannot be checked now; try again in ${waitSeconds} s`),
  authFault: (id: string) => sorry('SYS/TEMP', `The login could not be checked; the log has it as ${id}`),
  authUnknown: no('No such mechanism here; CAPA lists the ones there are'),
  apopNotHere: no('APOP is not offered, as it needs passwords that can be read; USER, PASS and AUTH are'),
  loginFirst: no('Log in first: USER and PASS, or AUTH'),
  loggedInAlready: no('Logged in already'),
  inUse: sorry('IN-USE', 'Another session has the maildrop; try again when it has ended'),
  maildropFault: (id: string) => sorry('SYS/TEMP', `The maildrop cannot be opened; the log has it as ${id}`),

  stat: (count: number, sizeBytes: number) => yes(`${count} ${sizeBytes}`),
  listFollows: (count: number, sizeBytes: number) => yes(`${counted(count)}, ${sizeBytes} octets`),
  idsFollow: yes('Unique identifiers follow'),
  one: (number: number, what: number | string) => yes(`${number} ${what}`),
  letterFollows: yes('The letter follows'),
  topFollows: yes('The top of the letter follows'),
  deleted: (number: number) => yes(`Letter ${number} will be removed by QUIT`),
  reset: (count: number, sizeBytes: number) =>
    yes(`Nothing is removed; ${counted(count)}, ${sizeBytes} octets`),
  noop: yes('Still here'),
  noSuchLetter: (most: number) => no(`No such letter; the maildrop has ${counted(most)}`),
  letterDeleted: (number: number) => no(`Letter ${number} is to be removed already`),
  letterGone: (number: number) => plainly(`Letter ${number} was removed by another program meanwhile`),
  letterFault: (id: string) => sorry('SYS/TEMP', `The letter cannot be read; the log has it as ${id}`),

  syntax: (usage: string) => no(`Syntax: ${usage}`),
  unknownCommand: no('Command not recognised'),
  notUtf8: no('The line is neither ASCII nor UTF-8'),
  controlCharacter: no('A control character has no place in a command'),
  lineTooLong: (maxBytes: number) => no(`Line too long: at most ${maxBytes} octets with its CRLF`),

  bareCr: no('A CR without LF: only CRLF ends a line; closing'),
  bareLf: no('An LF without CR: only CRLF ends a line; closing'),
  banned: sorry('SYS/PERM', 'Connections from your network are not taken here; closing'),
  tooManyConnections: sorry('SYS/TEMP', 'Too many connections at once; try again in a minute'),
  tooManyFromNetwork: sorry(
    'SYS/TEMP',
    'Too many connections at once from your network; try again in a minute',
  ),
  tooFast: sorry('SYS/TEMP', 'Too many connections begun from your address; try again in a minute'),
  proxyNotHere: no('A PROXY header is taken from the proxies of this house only; closing'),
  proxyFirst: no('A PROXY header comes first from your network; closing'),
  wrongProtocol: no('This is POP3, not HTTP; closing'),
  wrongApplication: no('TLS was agreed for another protocol than POP3 (ALPN); closing'),
  endlessLine: no('The line does not end; closing'),
  tooManyErrors: no('Too many errors; closing'),
  tooManyLogins: no('Too many failed logins; closing'),
  tooManyCommands: no('Too many commands without a login; closing'),
  stopping: (host: string) => sorry('SYS/TEMP', `${host} is stopping; nothing was removed; try again later`),
  fault: (id: string) => sorry('SYS/TEMP', `Something went wrong on this side; the log has it as ${id}`),
} as const;
