import { verbs } from '../../src/smtp/command.ts';
import { say } from '../../src/smtp/reply.ts';
import { mechanisms } from './sasl-words.ts';
import type { Reached } from './reached.ts';

/** What a target has to come to, by kind: else it does not try what it is there for. */
type Everything = Readonly<Record<string, readonly string[]>>;

const stages = [
  'silent',
  'greeted',
  'ready',
  'transaction',
  'authenticating',
  'data',
  'chunks',
  'chunk',
  'discarding',
  'asking',
  'securing',
  'closed',
];
const commandStages = ['greeted', 'ready', 'transaction', 'chunks'];
/** What the door says before there is a session. */
const repliesOfTheDoor = new Set(['proxyFirst']);

const each = (ones: readonly string[], between: string, others: readonly string[]): string[] =>
  ones.flatMap((one) => others.map((other) => `${one}${between}${other}`));

const outcomes = each(mechanisms, ' ', ['succeeds', 'fails']);

const words = (text: string): string[] => text.split(' ');

/** What the server's engine is brought to. */
export const everythingOfTheServer: Everything = {
  stages,
  'events in stages': each(
    ['bytes', 'timeout', 'stopping'],
    ' in ',
    stages.filter((stage) => stage !== 'closed'),
  ),
  'commands in stages': each(verbs, ' in ', commandStages),
  replies: Object.keys(say).filter((name) => !repliesOfTheDoor.has(name)),
  actions: ['note', 'reply', 'ask', 'login', 'body', 'drop', 'foreign', 'secure', 'close'],
  verdicts: [
    ...each(['login'], ' ', ['sasl', 'fault']),
    ...each(['enrol'], ' ', ['enrolled', 'refused', 'fault']),
    ...each(['proxied', 'sender', 'recipient', 'room'], ' ', ['accepted', 'refused', 'fault']),
    ...each(['deliver'], ' ', ['delivered', 'each', 'refused', 'fault']),
  ],
  mechanisms: outcomes,
  'ends of AUTH': [
    ...words('in malformed channel-binding authorization credentials throttled unavailable cancelled fault'),
    'no-such-mechanism',
  ],
  'foreign protocols': ['TLS', 'HTTP', 'PROXY'],
  letters: [
    ...each(['submission', 'exchanger', 'lmtp'], ' ', ['DATA', 'BDAT']),
    'null sender',
    ...words('7BIT 8BITMIME BINARYMIME SMTPUTF8 address postmaster'),
    ...words('requireTls ret envelopeId hold deliverBy priority submitter'),
    ...words('notify originalRecipient'),
  ],
};

/** What the client's engine is brought to. */
export const everythingOfTheClient: Everything = {
  actions: ['write', 'reply', 'recipient', 'unsent', 'note', 'secure', 'broken'],
  replies: each(
    ['EHLO', 'HELO', 'LHLO', 'STARTTLS', 'AUTH', 'XENROL', 'MAIL', 'RCPT', 'DATA', 'content', 'BDAT', 'RSET'],
    ' ',
    ['2', '4', '5'],
  ),
  parameters: [
    ...words('SIZE BODY SMTPUTF8 REQUIRETLS RET ENVID HOLDFOR HOLDUNTIL BY'),
    ...words('MT-PRIORITY AUTH NOTIFY ORCPT'),
  ],
  mechanisms: outcomes,
  unsent: [
    ...words('greeting too-big no-transaction'),
    ...each(['limit'], ' ', words('MAILMAX RCPTMAX RCPTDOMAINMAX')),
    ...each(['extension'], ' ', ['8BITMIME', 'BINARYMIME', 'SMTPUTF8', 'CHUNKING', 'DSN', 'REQUIRETLS']),
    ...each(['extension'], ' ', ['FUTURERELEASE', 'DELIVERBY', 'MT-PRIORITY']),
  ],
  failures: ['unexpected-challenge', 'malformed-challenge', 'nonce', 'iterations', 'server-not-proved'],
  broken: [
    'a reply line is malformed (bare-cr)',
    'a reply line is malformed (bare-lf)',
    'a reply line is malformed (endless)',
    'a line does not begin with a reply code',
    'two codes in one reply',
    'the reply does not end',
    'the server answers what was not asked',
    'the server said more before the handshake',
    'the server goes on after AUTH was cancelled',
    'the login is not believed',
  ],
};

/** What was not come to: of everything, or of some kinds. */
export function missing(
  everything: Everything,
  reached: Reached,
  kinds: readonly string[] = Object.keys(everything),
): string[] {
  return kinds.flatMap((kind) =>
    reached.missing(kind, everything[kind] ?? []).map((name) => `${kind}: ${name}`),
  );
}
