import { Secret, type LoginRefusal, type SaslQuestion, type SaslVerdict } from '../../src/sasl/exchange.ts';
import { scramKeys } from '../../src/sasl/scram-keys.ts';
import type { DoorKind } from '../../src/smtp/extensions.ts';
import type { Outcome, Question, Refusal, Verdict } from '../../src/smtp/session.ts';
import type { Random } from './random.ts';
import { password, salt } from './sasl-words.ts';

const keys = scramKeys(new Secret(password), salt, 4096);
const refusals: Readonly<Record<Refusal['why'], readonly Refusal[]>> = {
  'not-yours': [{ why: 'not-yours' }],
  'from-not-yours': [
    { why: 'from-not-yours', address: { localPart: 'n\r\n', domain: 'a.example' } },
    { why: 'from-not-yours', address: null },
  ],
  'sent-too-much': [
    { why: 'sent-too-much', what: 'letters', per: 'hour', most: 9, waitSeconds: 5 },
    { why: 'sent-too-much', what: 'recipients', per: 'hour', most: 9, waitSeconds: 5 },
  ],
  'no-such-mailbox': [{ why: 'no-such-mailbox' }],
  'no-relay': [{ why: 'no-relay' }],
  overloaded: [{ why: 'overloaded' }],
  looping: [{ why: 'looping' }],
  'changed-meanwhile': [{ why: 'changed-meanwhile' }],
  'over-quota': [{ why: 'over-quota' }],
  'exceeds-quota': [{ why: 'exceeds-quota' }],
  'disk-full': [{ why: 'disk-full', id: 'x' }],
  'recipient-gone': [{ why: 'recipient-gone' }],
  exists: [{ why: 'exists' }],
  reserved: [{ why: 'reserved' }],
  unusable: [{ why: 'unusable' }],
  elsewhere: [{ why: 'elsewhere', domains: ['example.org', 'a\r\nb'] }],
  dmarc: [{ why: 'dmarc', domain: 'example.org\r\n250 OK' }],
  spf: [{ why: 'spf', domain: 'x'.repeat(300) }],
  'not-looked-up': [{ why: 'not-looked-up' }],
  'header-too-long': [{ why: 'header-too-long' }],
  throttled: [{ why: 'throttled', waitSeconds: 5 }],
  banned: [{ why: 'banned' }],
  'too-many': [{ why: 'too-many' }],
  'too-many-from-address': [{ why: 'too-many-from-address' }],
  'too-many-from-network': [{ why: 'too-many-from-network' }],
  'too-fast': [{ why: 'too-fast' }],
};
const everyRefusal = Object.values(refusals).flat();
const loginRefusals: readonly LoginRefusal[] = [
  { why: 'credentials' },
  { why: 'throttled', waitSeconds: 9 },
  { why: 'unavailable', waitSeconds: 9 },
];

/** A verdict of a kind that answers the question: mostly yes, often no, sometimes a fault. */
export function verdictOf(question: Question, door: DoorKind, random: Random): Verdict {
  const odds = random.below(8);
  if (odds === 0) return { verdict: 'fault', id: 'f4u1t' };
  if (question.ask === 'login')
    return { verdict: 'sasl', answer: loginVerdict(question.question, odds === 1, random) };
  if (odds === 1) return { verdict: 'refused', why: random.pick(everyRefusal) };
  if (question.ask === 'enrol')
    return { verdict: 'enrolled', account: 'nu9@447.edu', password: new Secret('12345447') };
  if (question.ask !== 'deliver') return { verdict: 'accepted' };
  if (door !== 'lmtp' || odds === 2) return { verdict: 'delivered', id: '1' };
  return { verdict: 'each', outcomes: question.envelope.recipients.map(() => outcomeOf(random)) };
}

function loginVerdict(question: SaslQuestion, isRefused: boolean, random: Random): SaslVerdict {
  if (isRefused) return { verdict: 'refused', why: random.pick(loginRefusals) };
  if (question.ask === 'scram-keys') return { verdict: 'scram-keys', keys };
  if (question.ask === 'proof' && !question.valid) return { verdict: 'refused', why: { why: 'credentials' } };
  return { verdict: 'login', account: 'nu1@447.edu' };
}

function outcomeOf(random: Random): Outcome {
  if (random.onceIn(4)) return { verdict: 'refused', why: random.pick(everyRefusal) };
  return random.onceIn(4) ? { verdict: 'fault', id: 'f4u1t' } : { verdict: 'delivered', id: '1' };
}
