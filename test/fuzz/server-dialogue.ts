import type { Extension } from '../../src/smtp/extensions.ts';
import type { Secured, Settings } from '../../src/smtp/session.ts';
import { mutated, rawBytes } from './mishaps.ts';
import type { Random } from './random.ts';
import {
  commands,
  content,
  hostile,
  logins,
  mailParameters,
  rcptParameters,
  recipients,
  responses,
  senders,
} from './server-words.ts';

/** What the client knows of the door, so that most of what it says can be right. */
export type Place = { readonly settings: Settings; readonly secured: Secured | null };

/** Where the client waits for a reply before it goes on. */
const wait = null;
type Said = string | typeof wait;

/**
 * What one client sends, from its first octet to its last, as flights: a flight is what it sends before it waits. Most of
 * it is right, so that every stage is come to; then things are put in, lost and changed.
 */
export function clientFlights(random: Random, place: Place): Buffer[] {
  const said = random.onceIn(8) ? babble(random) : dialogue(random, place);
  const flights: string[] = [''];
  for (const word of said) {
    if (word === wait) flights.push('');
    else flights[flights.length - 1] += word;
  }
  for (let times = random.below(5); times > 3; times -= 1) {
    const at = random.below(flights.length);
    flights[at] = mutated(random, flights[at] ?? '', hostile);
  }
  return flights.filter((flight) => flight !== '').map((flight) => Buffer.from(flight, 'latin1'));
}

/** Anything in any order. */
function babble(random: Random): Said[] {
  const said: Said[] = [];
  for (let count = 1 + random.below(8); count > 0; count -= 1) said.push(anything(random));
  return said;
}

function anything(random: Random): string {
  const kind = random.below(12);
  if (kind < 6) return random.pick(commands);
  if (kind < 7) return random.pick(random.onceIn(2) ? logins : responses);
  return kind < 11 ? random.pick(hostile) : rawBytes(random);
}

function dialogue(random: Random, place: Place): Said[] {
  const { settings } = place;
  const said: Said[] = [];
  const noise = random.pick([3, 12, 60]);
  const say = (...words: Said[]): void => {
    said.push(...words);
    if (random.onceIn(noise)) said.push(random.onceIn(2) ? random.pick(commands) : anything(random));
    if (random.onceIn(6)) said.push(wait);
  };
  const hello = helloFor(random, settings);
  if (random.onceIn(10)) say('XCLIENT ADDR=192.0.2.7 PORT=25\r\n');
  say(hello);
  if (settings.startTls && place.secured === null && !random.onceIn(4)) {
    said.push('STARTTLS\r\n');
    if (!random.onceIn(8)) said.push(wait);
    say(hello);
  }
  if (settings.enrolment && random.onceIn(8)) say('XENROL nu9@447.edu\r\n');
  if (settings.door === 'submission' && !random.onceIn(8)) say(random.pick(logins));
  for (let letters = 1 + random.below(3); letters > 0; letters -= 1) transaction(random, settings, say);
  if (random.onceIn(4)) say('QUIT\r\n');
  return said;
}

function helloFor(random: Random, { door }: Settings): string {
  if (random.onceIn(12)) return 'HELO [192.0.2.1]\r\n';
  return `${(door === 'lmtp') === random.onceIn(16) ? 'EHLO' : 'LHLO'} client.example\r\n`;
}

function transaction(random: Random, { extensions }: Settings, say: (...words: Said[]) => void): void {
  const mail = parametersFrom(random, mailParameters, extensions);
  say(`MAIL FROM:${random.pick(senders)}${mail}\r\n`);
  for (let count = 1 + random.below(3); count > 0; count -= 1)
    say(`RCPT TO:${random.pick(recipients)}${parametersFrom(random, rcptParameters, extensions)}\r\n`);
  if (random.onceIn(10)) return say(random.pick(commands));
  const isBinary = mail.includes('BINARYMIME') && !random.onceIn(8);
  if (isBinary || random.onceIn(2)) chunks(random, isBinary, say);
  else say('DATA\r\n', ...(random.onceIn(2) ? [wait] : []), `${text(random)}\r\n.\r\n`);
}

/** Parameters that are announced, each seldom; now and then one that is not, or nearly all of them. */
function parametersFrom(
  random: Random,
  words: readonly (readonly [string, Extension | null])[],
  extensions: ReadonlySet<Extension>,
): string {
  const odds = random.onceIn(16) ? 2 : words.length;
  let parameters = '';
  for (const [word, extension] of words)
    if (random.onceIn(odds) && (extension === null || extensions.has(extension) || random.onceIn(16)))
      parameters += ` ${word}`;
  return parameters;
}

function text(random: Random): string {
  let letter = '';
  for (let count = random.below(5); count > 0; count -= 1) letter += random.pick(content);
  return letter;
}

/** A letter by BDAT: of text in pieces that break lines anywhere, or of any octets. */
function chunks(random: Random, isBinary: boolean, say: (...words: Said[]) => void): void {
  for (let left = random.below(4); left >= 0; left -= 1) {
    const octets = isBinary && random.onceIn(2) ? rawBytes(random) : text(random);
    const length = random.onceIn(24) ? random.below(300) : octets.length;
    say(`BDAT ${length}${left === 0 && !random.onceIn(8) ? ' LAST' : ''}\r\n${octets}`);
  }
}
