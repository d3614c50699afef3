import { mostAnnotationBytes } from './annotation.ts';
import { quoted } from './render/string.ts';

/** How a command ended, or what is told of the session: OK, NO and BAD of RFC 9051 section 7.1, with a response code or none. */
export type Status = {
  readonly is: 'OK' | 'NO' | 'BAD' | 'BYE';
  readonly code: string | null;
  readonly text: string;
};

const ok = (text: string, code: string | null = null): Status => ({ is: 'OK', code, text });
const no = (text: string, code: string | null = null): Status => ({ is: 'NO', code, text });
const bad = (text: string, code: string | null = null): Status => ({ is: 'BAD', code, text });
const bye = (text: string, code: string | null = null): Status => ({ is: 'BYE', code, text });

/** Every status that the server says, by name. */
export const say = {
  greeting: (host: string, capabilities: string) => ok(`${host} IMAP Letterlock`, capabilities),
  done: (name: string) => ok(`${name} completed`),
  doneAs: (name: string, code: string) => ok(`${name} completed`, code),

  // inprogress: "INPROGRESS" [SP "(" (quoted / nil) SP (number / nil) SP (number / nil) ")"]     (RFC 9585)
  // A tag may have a bracket that a response code must not.
  inProgress: (tag: string) =>
    ok('Still at it', `INPROGRESS (${tag.includes(']') ? 'NIL' : quoted(tag)} NIL NIL)`),

  bye: bye('Goodbye'),
  idle: bye('Nothing was said for too long'),
  stopping: bye('The server is going down', 'UNAVAILABLE'),
  bareCr: bye('A CR without LF: only CRLF ends a line'),
  bareLf: bye('An LF without CR: only CRLF ends a line'),
  endless: bye('The command is too long', 'TOOBIG'),
  earlyTalker: bye('The server speaks first'),
  wrongApplication: bye('The handshake agreed on another protocol'),
  wrongProtocol: bye('This is an IMAP server'),
  tooManyErrors: bye('Too many commands that are none'),
  tooManyLogins: bye('Too many failed logins'),
  swollen: bye('Far more came out of what was compressed than anybody sends', 'TOOBIG'),
  compressedForGood: bye('The connection is compressed and stays so; begin another one'),
  tooEarly: bye('Something came behind COMPRESS before it was answered'),
  accountGone: bye('The account is gone', 'UNAVAILABLE'),
  mailboxGone: bye('The mailbox is gone', 'UNAVAILABLE'),

  proxyFirst: bye('A PROXY header is missing'),
  notEntered: bye('Connections from your network are not taken here now', 'UNAVAILABLE'),

  noTag: bad('A command begins with a tag'),
  unknownCommand: bad('No such command here'),
  syntax: (name: string, problem: string) => bad(`${name}: ${problem}`),
  loginFirst: bad('Log in first'),
  loggedInAlready: bad('Somebody is logged in already'),
  selectFirst: bad('SELECT a mailbox first'),
  enableFirst: (name: string) => bad(`ENABLE ${name} first`),
  noSuchNumber: bad('A message number that there is not'),
  compressed: bad('The connection is compressed already'),
  notIdle: bad('Only DONE ends IDLE'),
  literalTooBig: (maxBytes: number) => no(`A literal of at most ${maxBytes} octets`, 'TOOBIG'),
  tooManyLiterals: no('Too many literals in one command', 'LIMIT'),

  needTls: no('Protect the connection first', 'PRIVACYREQUIRED'),
  loggedIn: (capabilities: string) => ok('Logged in', capabilities),
  authCancelled: bad('Authentication cancelled'),
  authMalformed: (detail: string) => bad(`Malformed authentication: ${detail}`),
  authNotBase64: bad('Not base64 (RFC 4648, with padding)'),
  authUnknown: no('No such mechanism here; CAPABILITY lists the ones there are', 'CANNOT'),
  authFailed: no('Wrong user name or password', 'AUTHENTICATIONFAILED'),
  authBinding: no(
    'Channel binding does not match this connection: somebody may be in between',
    'AUTHENTICATIONFAILED',
  ),
  authOther: no('Acting as somebody else is not allowed', 'AUTHORIZATIONFAILED'),
  authThrottled: (waitSeconds: number) =>
    no(`Too many failed logins; try again in ${waitSeconds} s`, 'UNAVAILABLE'),
  authUnavailable: (waitSeconds: number) =>
    no(`Logins of this kind cannot be checked now; try again in ${waitSeconds} s`, 'UNAVAILABLE'),

  fault: (id: string) => no(`Something went wrong here; the log has it as ${id}`, 'SERVERBUG'),
  noMailbox: no('No such mailbox', 'NONEXISTENT'),
  tryCreate: no('No such mailbox; CREATE makes it', 'TRYCREATE'),
  badName: no('That is no name for a mailbox', 'CANNOT'),
  exists: no('There is a mailbox of that name', 'ALREADYEXISTS'),
  useTaken: no('Another mailbox has that use', 'USEATTR'),
  noSuchUse: no('There is no such special use here', 'USEATTR'),
  oneUse: no('A mailbox has one special use', 'USEATTR'),
  tooManyMailboxes: no('There are too many mailboxes, or they are too deep in each other', 'LIMIT'),
  inbox: no('That cannot be done with INBOX', 'CANNOT'),
  hasChildren: no('There are mailboxes in it', 'HASCHILDREN'),
  copied: (code: string) => ok('Where they are now', code),
  notAllowed: no('That is not allowed', 'NOPERM'),
  // resp-text-code =/ "METADATA" SP ("LONGENTRIES" SP number / "MAXSIZE" SP number / "TOOMANY" / "NOPRIVATE")
  longEntries: (name: string, octets: number) => ok(`${name} completed`, `METADATA LONGENTRIES ${octets}`),
  annotationTooLong: no('An annotation is too long', `METADATA MAXSIZE ${mostAnnotationBytes}`),
  tooManyAnnotations: no('There are too many annotations', 'METADATA TOOMANY'),
  batchTooSmall: (least: number) => no(`A batch has ${least} letters at least`, 'TOOFEW'),
  batchesReversed: bad('The first batch comes before the last one', 'CLIENTBUG'),
  tooManyBatches: no('That many batches are not told at once', 'TOOMANY'),
  noQuotaRoot: no('No such quota root', 'NONEXISTENT'),
  overQuota: no('The account is full', 'OVERQUOTA'),
  tooManyKeywords: no('A letter has at most 100 keywords', 'LIMIT'),
  overloaded: no('Too much is under way; try again in a moment', 'INUSE'),
  tooBig: no('The letter is too large', 'TOOBIG'),
  readOnly: no('The mailbox was opened to be read only', 'CANNOT'),
  badCharset: no('Texts are in UTF-8 or US-ASCII', 'BADCHARSET (UTF-8 US-ASCII)'),
  tooManyTexts: no('A search has too many texts', 'LIMIT'),
  unknownEncoding: no('Nobody here knows how to undo an encoding', 'UNKNOWN-CTE'),
  someGone: no('Some of the letters are gone', 'EXPUNGEISSUED'),
} as const;

/** The status on its line, behind a tag or `*`, CRLF included. */
export const formatStatus = (tag: string, { is, code, text }: Status): string =>
  `${tag} ${is} ${code === null ? '' : `[${code}] `}${text}\r\n`;
