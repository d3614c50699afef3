import type { Extension } from '../../src/smtp/extensions.ts';
import { recorded } from './sasl-words.ts';

/** Words of what a client may send, right, wrong and worse; each is bytes as latin1 text. */

const ehlo = 'EHLO client.example\r\n';
const lhlo = 'LHLO client.example\r\n';
const mail = 'MAIL FROM:<nu1@447.edu>\r\n';
const rcpt = 'RCPT TO:<nu2@447.edu>\r\n';

/** Every mechanism as a client uses it that is right: with an initial response in its line, and without one. */
export const logins: readonly string[] = [...recorded].flatMap(([mechanism, { client }]) => {
  const [initial, ...responses] = client;
  const rest = responses.map((response) => `${response}\r\n`).join('');
  if (initial === null) return [`AUTH ${mechanism}\r\n${rest}`];
  return [`AUTH ${mechanism} ${initial}\r\n${rest}`, `AUTH ${mechanism}\r\n${initial}\r\n${rest}`];
});
/** What a client answers a challenge with; at other times it is no command. */
export const responses: readonly string[] = [...recorded.values()].flatMap(({ client }) =>
  client.map((response) => `${response ?? ''}\r\n`),
);

/** Commands of all kinds, some with what belongs to them. */
export const commands: readonly string[] = [
  ehlo,
  mail,
  rcpt,
  'HELO [192.0.2.1]\r\n',
  'DATA\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'HELP\r\n',
  'VRFY nu1\r\n',
  'QUIT\r\n',
  'STARTTLS\r\n',
  'XENROL nu9@447.edu\r\n',
  'EXPN list\r\n',
  lhlo,
  'BDAT 5 LAST\r\nhello',
  'BDAT 6\r\nhel\r\nQUIT\r\n',
  'BDAT 6 LAST\r\nQUIT\r\n',
  'BDAT 0\r\n',
  'BDAT 0 LAST\r\n',
  'BDAT 3\r\na\r\nBDAT 3\r\nb\r\nBDAT 0 LAST\r\n',
  'XCLIENT ADDR=IPV6:2001:db8::7 PORT=25\r\n',
  'MAIL FROM:<nu1@447.edu> BODY=BINARYMIME RET=HDRS ENVID=x+20y REQUIRETLS HOLDFOR=9 BY=9;R MT-PRIORITY=-1\r\n',
  'MAIL FROM:<nu1@447.edu> HOLDUNTIL=2026-11-22T17:00:00Z AUTH=<>\r\n',
  'RCPT TO:<nu2@447.edu> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb\r\n',
  'RCPT TO:<nu2@447.edu> NOTIFY=NEVER ORCPT=utf-8;\\x{FC}\r\n',
  'MAIL FROM:<> SIZE=10 BODY=8BITMIME SMTPUTF8\r\n',
  'MAIL FROM:<n\xc3\xbc@447.edu> SMTPUTF8\r\n',
  'RCPT TO:<postmaster>\r\n',
  'RCPT TO:<"a b"@[IPv6:::1]>\r\n',
  'AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49YSxyPWFiYw==\r\n',
  'AUTH PLAIN\r\n*\r\n',
  'AUTH EXTERNAL =\r\n',
  'AUTH GSSAPI\r\n',
  // A client that could bind to the channel, and says that the server cannot.
  `AUTH SCRAM-SHA-256 ${Buffer.from('y,,n=nu1@447.edu,r=abc').toString('base64')}\r\n`,
  // Somebody who wants to act as somebody else.
  `AUTH PLAIN ${Buffer.from('nu2@447.edu\0nu1@447.edu\0pencil').toString('base64')}\r\n`,
  'AUTH LOGIN\r\n',
  'AUTH LOGIN bnUx\r\n',
  'AUTH PLAIN =\r\n',
  'bnUxQDQ0Ny5lZHU=\r\n',
  '*\r\n',
  '\r\n',
  '.\r\n',
  'Subject: letter\r\n\r\ntext\r\n.\r\n',
  '..dots\r\n.dot\r\n',
];

/** What no command begins with, or ends with, or has in it. */
export const hostile: readonly string[] = [
  '\r',
  '\n',
  '\r\r\n',
  '\n.\n',
  '\n.\r\n',
  '\r\n.\n',
  '\r.\r',
  '\0',
  '\xff\xfe',
  '\xc3',
  '\x1b[2J',
  '__proto__\r\n',
  'MAIL FROM:<__proto__@constructor> toString=1\r\n',
  'MAIL FROM:<a@b>SIZE=1\r\n',
  'MAIL FROM:<a@b> SIZE=99999999999999999999 \r\n',
  'GET / HTTP/1.1\r\n',
  'OPTIONS *',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n',
  '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  'x'.repeat(70),
  'x'.repeat(300),
  `${'x'.repeat(800)}\rx`,
  `NOOP ${'y'.repeat(600)}\r\n`,
  `AUTH PLAIN ${'A'.repeat(500)}\r\n`,
  '.'.repeat(100),
  '\r\n'.repeat(50),
  `RCPT TO:<${'@a.example,'.repeat(9)}:b@c.example>\r\n`,
  `${'=ZZ'.repeat(20)}\r\n`,
  'BDAT 99999999999999999999 LAST\r\n',
  'BDAT 9 LATEST\r\n',
  'BDAT 250\r\n',
  'BDAT 4\r\na\n.\n',
  'BDAT 4\r\na\rb\r',
  `BDAT 190\r\n${'x\r\n'.repeat(63)}x`,
  'RCPT TO:<a@b> ORCPT=__proto__;constructor\r\n',
];

/** Parameters of MAIL, each with what it needs to be announced. */
export const mailParameters: readonly (readonly [string, Extension | null])[] = [
  ['SIZE=100', null],
  ['SIZE=201', null],
  ['BODY=7BIT', null],
  ['BODY=8BITMIME', null],
  ['BODY=BINARYMIME', 'BINARYMIME'],
  ['SMTPUTF8', null],
  ['AUTH=<>', null],
  ['AUTH=nu1+40447.edu', null],
  ['RET=HDRS', 'DSN'],
  ['RET=FULL', 'DSN'],
  ['ENVID=x+20y', 'DSN'],
  ['REQUIRETLS', 'REQUIRETLS'],
  ['HOLDFOR=9', 'FUTURERELEASE'],
  ['HOLDFOR=99999999', 'FUTURERELEASE'],
  ['HOLDUNTIL=2027-01-15T08:00:01Z', 'FUTURERELEASE'],
  ['BY=9;RT', 'DELIVERBY'],
  ['BY=-9;N', 'DELIVERBY'],
  ['MT-PRIORITY=-1', 'MT-PRIORITY'],
];

/** Parameters of RCPT, each with what it needs to be announced. */
export const rcptParameters: readonly (readonly [string, Extension | null])[] = [
  ['NOTIFY=NEVER', 'DSN'],
  ['NOTIFY=SUCCESS,DELAY', 'DSN'],
  ['ORCPT=rfc822;a+2Bb@c.example', 'DSN'],
  ['ORCPT=utf-8;\\x{FC}@c.example', 'DSN'],
];

export const senders: readonly string[] = [
  '<nu1@447.edu>',
  '<nu1@447.edu>',
  '<>',
  '<"nu 1"@447.edu>',
  '<@a.example:nu1@447.edu>',
  '<n\xc3\xbc@447.edu>',
];

export const recipients: readonly string[] = [
  '<nu2@447.edu>',
  '<nu2@447.edu>',
  '<postmaster>',
  '<"a b"@[IPv6:::1]>',
  '<n\xc3\xbc@b\xc3\xbccher.example>',
];

/** Pieces of letters. */
export const content: readonly string[] = [
  'Subject: letter\r\n',
  '\r\n',
  'text\r\n',
  '..\r\n',
  '.dot\r\n',
  'n\xc3\xbc\r\n',
  'no end',
  `${'x'.repeat(120)}\r\n`,
  '\r\n..\r\n',
];
