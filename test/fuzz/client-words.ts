import { noMailRequests, type MailRequests, type RecipientRequests } from '../../src/smtp/requests.ts';
import type { Address } from '../../src/mail/address.ts';
import { recorded } from './sasl-words.ts';

/** Words of what a server may say, and of what a program may have its client say. */

/** EHLO keywords, some of them with parameters that no RFC knows. */
export const keywords: readonly string[] = [
  'PIPELINING',
  'SIZE 26214400',
  'SIZE 40',
  'SIZE',
  'SIZE 99999999999999999999',
  '8BITMIME',
  'SMTPUTF8',
  'ENHANCEDSTATUSCODES',
  'CHUNKING',
  'BINARYMIME',
  'DSN',
  'REQUIRETLS',
  'STARTTLS',
  'AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL OAUTHBEARER XOAUTH2',
  'AUTH=LOGIN PLAIN',
  'LIMITS MAILMAX=2 RCPTMAX=2',
  'LIMITS RCPTDOMAINMAX=1',
  'LIMITS RCPTMAX=0 RCPTMAX=x RCPTMAX',
  'FUTURERELEASE 2592000 2026-12-24T00:00:00Z',
  'DELIVERBY 240',
  'MT-PRIORITY MIXER',
  '__proto__ constructor',
  'constructor',
  '-wrong',
  'x'.repeat(200),
];

/** Texts behind a reply code. */
export const texts: readonly string[] = [
  ' 2.0.0 OK',
  ' 4.7.0 later',
  ' 5.7.1 no',
  ' 9.9.9 what',
  ' OK',
  '',
  ' ',
  ' n\xc3\xbc',
  ' \xff\xfe',
  ` ${'x'.repeat(700)}`,
  ' tab\there \x1b[2J',
];

/** Challenges of every mechanism, and what is none. */
export const challenges: readonly string[] = [
  ...[...recorded.values()].flatMap(({ server }) => server),
  '',
  'not base64!',
  '====',
  Buffer.from('v=AAAA').toString('base64'),
  Buffer.from('e=other-error').toString('base64'),
  Buffer.from('r=MTEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096').toString('base64'),
  Buffer.from('r=MTExMTExMTExMTExMTExMTExMTEx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096').toString('base64'),
  Buffer.from(`r=${'MTEx'.repeat(6)}FxcX,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`).toString('base64'),
  Buffer.from(`r=${'MTEx'.repeat(6)}FxcX,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001`).toString('base64'),
  Buffer.from('{"status":"invalid_token"}').toString('base64'),
];

/** What no server of SMTP says. */
export const hostile: readonly string[] = [
  '\r',
  '\n',
  '\0',
  '\r\r\n',
  '250 OK\n',
  '250\r',
  '99 no\r\n',
  '199 no\r\n',
  '650 no\r\n',
  '2500 no\r\n',
  'HTTP/1.1 400 Bad Request\r\n',
  '250-OK\r\n',
  '250-OK\r\n251 OK\r\n',
  '250-x\r\n'.repeat(600),
  'x'.repeat(5000),
  `250 ${'x'.repeat(5000)}\r\n`,
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  '\xff\xff\xff',
];

export const addresses: readonly Address[] = [
  { localPart: 'nu1', domain: '447.edu' },
  { localPart: 'nu2', domain: '447.edu' },
  { localPart: 'nu2', domain: 'elsewhere.example' },
  { localPart: 'a b', domain: '[IPv6:::1]' },
  { localPart: 'nü', domain: '447.edu' },
  { localPart: 'nu3', domain: 'bücher.example' },
];

export const mailRequests: readonly MailRequests[] = [
  noMailRequests,
  { ...noMailRequests, requireTls: true },
  { ...noMailRequests, ret: 'HDRS', envelopeId: 'x y+z=' },
  { ...noMailRequests, hold: { forSeconds: 9 } },
  { ...noMailRequests, hold: { untilMs: 1.8e12 } },
  { ...noMailRequests, deliverBy: { seconds: 9, otherwise: 'return', trace: true } },
  { ...noMailRequests, priority: -9 },
  { ...noMailRequests, submitter: 'unknown' },
  { ...noMailRequests, submitter: { localPart: 'nü', domain: '447.edu' } },
];

export const recipientRequests: readonly RecipientRequests[] = [
  { notify: [], originalRecipient: null },
  { notify: ['SUCCESS', 'DELAY'], originalRecipient: { type: 'rfc822', address: 'a+b=c@d.example' } },
  { notify: null, originalRecipient: { type: 'utf-8', address: 'nü@d.example' } },
];

/** Letters as text: whole lines, or a last line without its end. */
export const letters: readonly string[] = [
  '',
  'Subject: x\r\n\r\ntext\r\n',
  '.\r\n..\r\n.dot\r\n',
  'no end',
  'n\xc3\xbc\r\n',
  '\r\n.\r\n\r\n.\r\nQUIT\r\n',
  `${'x'.repeat(990)}\r\n`,
];

/** Octets that are no lines. */
export const binaries: readonly string[] = ['\0\r\n\n\r.', '\n.\n', '\xff\xfe\r', 'BDAT 1\r\n', ''];
