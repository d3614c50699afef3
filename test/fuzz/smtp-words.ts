import type { Random } from './random.ts';

/** What a client may send, right, wrong and worse; each is bytes as latin1 text. */

const ehlo = 'EHLO client.example\r\n';
const lhlo = 'LHLO client.example\r\n';
const plain = 'AUTH PLAIN AG51MUA0NDcuZWR1AHNlY3JldA==\r\n';
const mail = 'MAIL FROM:<nu1@447.edu>\r\n';
const rcpt = 'RCPT TO:<nu2@447.edu>\r\n';

/** The first message of SCRAM, and the last one that is right for the nonce 0x17… and the password `pencil`. */
const scramFirst = 'biwsbj1udTFANDQ3LmVkdSxyPU1URXhNVEV4TVRFeE1URXhNVEV4TVRFeA==';
const scramFinal =
  'Yz1iaXdzLHI9TVRFeE1URXhNVEV4TVRFeE1URXhNVEV4RnhjWEZ4Y1hGeGNYRnhjWEZ4Y1hGeGNYLHA9bTN2Q0ZEL2JmREJNWU03NGVZNS9BcjQ5V1liQXN2OFRBSytBWTQ2RHQ1Zz0=';

/** Ways to a stage, from the start. */
const ways: readonly string[] = [
  '',
  ehlo,
  'HELO client.example\r\n',
  `${ehlo}STARTTLS\r\n`,
  `${ehlo}AUTH LOGIN\r\n`,
  `${ehlo}AUTH PLAIN\r\n`,
  `${ehlo}AUTH SCRAM-SHA-256 ${scramFirst}\r\n`,
  `${ehlo}AUTH SCRAM-SHA-256 ${scramFirst}\r\n${scramFinal}\r\n`,
  `${ehlo}AUTH SCRAM-SHA-256\r\n${scramFirst}\r\n${scramFinal}\r\n\r\n`,
  ehlo + plain,
  ehlo + plain + mail,
  ehlo + plain + mail + rcpt,
  ehlo + plain + mail + rcpt.repeat(3),
  `${ehlo}${plain}${mail}${rcpt}DATA\r\n`,
  `${ehlo}${plain}${mail}${rcpt}DATA\r\nSubject: x\r\n\r\nx\r\n`,
  `${ehlo}${plain}${mail}${rcpt}${rcpt}DATA\r\nx\r\n.\r\n`,
  `${ehlo}${plain}${mail}${rcpt}BDAT 20\r\nSubject: x\r\n\r\n`,
  `${ehlo}${plain}${mail}${rcpt}BDAT 3\r\nx\r\nBDAT 0 LAST\r\n`,
  `${ehlo}${plain}MAIL FROM:<nu1@447.edu> BODY=BINARYMIME\r\n${rcpt}BDAT 3\r\n\r\n\n`,
  ehlo + mail + rcpt,
  `${ehlo}${mail}${rcpt}${rcpt}BDAT 3\r\nx\r\n`,
  lhlo + mail + rcpt,
  `${lhlo}${mail}${rcpt}${rcpt}DATA\r\n`,
  `${lhlo}${mail}${rcpt}${rcpt}BDAT 3 LAST\r\nx\r\n`,
  `XCLIENT ADDR=192.0.2.7\r\n${ehlo}`,
];

const commands: readonly string[] = [
  ehlo,
  plain,
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
  `AUTH SCRAM-SHA-256 ${scramFirst}\r\n`,
  `${scramFinal}\r\n`,
  'AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49YSxyPWFiYw==\r\n',
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

const hostile: readonly string[] = [
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

function rawBytes(random: Random): string {
  let bytes = '';
  for (let count = 1 + random.below(40); count > 0; count -= 1)
    bytes += String.fromCharCode(random.below(256));
  return bytes;
}

/** One of the usual mishaps: an octet lost, changed, put in, or a stretch said twice. */
function mutated(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + random.pick(hostile) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(Math.max(0, at - 1 - random.below(20)));
    default:
      return text.slice(0, at);
  }
}

/** The bytes of one client, from its first to its last. */
export function clientBytes(random: Random): Buffer {
  let text = random.pick(ways);
  for (let count = random.below(7); count > 0; count -= 1) {
    const kind = random.below(10);
    text += kind < 6 ? random.pick(commands) : kind < 9 ? random.pick(hostile) : rawBytes(random);
  }
  for (let times = random.below(4); times > 1; times -= 1) text = mutated(random, text);
  return Buffer.from(text, 'latin1');
}
