import type { Settings } from '../../src/pop3/session.ts';
import { mutated, rawBytes } from './mishaps.ts';
import type { Random } from './random.ts';
import { password } from './sasl-words.ts';
import { logins, responses } from './server-words.ts';

/** Words of what a client of POP3 may send, right, wrong and worse; each is bytes as latin1 text. */

const outside: readonly string[] = [
  'USER nu1@447.edu\r\n',
  `PASS ${password}\r\n`,
  'APOP nu1 c4c9334bac560ecc979e58001b3e22fb\r\n',
  'CAPA\r\n',
  'STLS\r\n',
  'UTF8\r\n',
  'AUTH PLAIN\r\n*\r\n',
  'AUTH GSSAPI\r\n',
  'AUTH EXTERNAL =\r\n',
  'AUTH PLAIN =\r\n',
  `AUTH SCRAM-SHA-256 ${Buffer.from('y,,n=nu1@447.edu,r=abc').toString('base64')}\r\n`,
  `AUTH PLAIN ${Buffer.from(`nu2@447.edu\0nu1@447.edu\0${password}`).toString('base64')}\r\n`,
  'AUTH LOGIN\r\nbnUx\r\n',
];

const inside: readonly string[] = [
  'STAT\r\n',
  'LIST\r\n',
  'LIST 1\r\n',
  'UIDL\r\n',
  'UIDL 2\r\n',
  'RETR 1\r\n',
  'RETR 2\r\n',
  'RETR 3\r\n',
  'TOP 1 0\r\n',
  'TOP 2 1\r\n',
  'TOP 1 99\r\n',
  'DELE 1\r\n',
  'DELE 2\r\n',
  'DELE 3\r\n',
  'NOOP\r\n',
  'RSET\r\n',
  'CAPA\r\n',
];

/** Commands of all kinds. */
export const commands: readonly string[] = [...outside, ...inside, 'QUIT\r\n'];

/** What no command is. */
export const hostile: readonly string[] = [
  '\r',
  '\n',
  '\r\r\n',
  '\r\n.\r\n',
  '\0',
  '\xff\xfe\r\n',
  '\x1b[2J\r\n',
  '__proto__\r\n',
  'RETR __proto__\r\n',
  'RETR 99999999999999999999\r\n',
  'RETR 0\r\n',
  'RETR -1\r\n',
  'TOP 1\r\n',
  'LIST 1 2\r\n',
  'USER\r\n',
  'USER n\xc3\xbc\r\n',
  'USER a\x7f\r\n',
  'PASS  \xe2\x80\x8b\r\n',
  'QUIT x\r\n',
  'HELP\r\n',
  'GET / HTTP/1.1\r\n',
  'OPTIONS *',
  'PROXY TCP4 192.0.2.7 198.51.100.1 4711 995\r\n',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  `${'x'.repeat(300)}\r\n`,
  `${'x'.repeat(800)}\rx`,
  `USER ${'y'.repeat(600)}\r\n`,
  `AUTH PLAIN ${'A'.repeat(500)}\r\n`,
];

/** Pieces of letters, as a store has them: nobody says that they are lines. */
const content: readonly string[] = [
  'Subject: letter\r\n',
  'Subject: \xc3\xbc\r\n',
  'To: \xc3\xbc@a.example,\n',
  '\r\n',
  'text\r\n',
  '.',
  '.\r\n',
  '\r\n.\r\n',
  '..\r\n',
  '\n.\n',
  '\r.\r',
  '\r',
  '\n',
  '\0\xff',
  '+OK\r\n',
  'x'.repeat(90),
];

/** Some of a letter, in pieces of any lengths. */
export function lettersPieces(random: Random): readonly Uint8Array[] {
  return Array.from({ length: random.below(4) }, () => {
    let text = '';
    for (let count = random.below(6); count > 0; count -= 1) text += random.pick(content);
    return Buffer.from(text, 'latin1');
  });
}

/**
 * What one client sends, from its first octet to its last, as flights: a flight is what it sends before it waits. Most of
 * it is right, so that every stage is come to; then things are put in, lost and changed.
 */
export function pop3Flights(random: Random, settings: Settings): readonly Buffer[] {
  const flights: string[] = [''];
  const say = (word: string): void => {
    flights[flights.length - 1] += word;
    if (random.onceIn(6)) flights.push('');
  };
  const noise = random.pick([4, 16, 80]);
  const maybe = (): void => {
    if (!random.onceIn(noise)) return;
    const kind = random.below(5);
    say(
      kind < 2
        ? random.pick(commands)
        : kind < 3
          ? random.pick(responses)
          : kind < 4
            ? random.pick(hostile)
            : rawBytes(random),
    );
  };
  if (settings.startTls && !random.onceIn(3)) {
    say('STLS\r\n');
    if (!random.onceIn(8)) flights.push('');
  }
  for (let tries = 1 + random.below(3); tries > 0; tries -= 1) {
    maybe();
    say(random.onceIn(2) ? `USER nu1\r\nPASS ${password}\r\n` : random.pick(logins));
  }
  for (let count = random.below(9); count > 0; count -= 1) {
    maybe();
    say(random.pick(inside));
  }
  if (!random.onceIn(3)) say('QUIT\r\n');
  maybe();
  if (random.onceIn(3)) {
    const at = random.below(flights.length);
    flights[at] = mutated(random, flights[at] ?? '', hostile);
  }
  return flights.filter((flight) => flight !== '').map((flight) => Buffer.from(flight, 'latin1'));
}
