import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryOfEach } from '../../test/fuzz/memory.ts';
import { SmtpClient } from './client/session.ts';
import { defaultLimits } from './limits.ts';
import { SmtpSession } from './server/session.ts';
import type { Event, Settings } from './session.ts';

/** What a session keeps where its peer makes it keep as much as it can, measured with many at once. */

const KiB = 1024;

const settings: Settings = {
  host: 'mail.example',
  door: 'exchanger',
  extensions: new Set(['CHUNKING', 'DSN']),
  limits: defaultLimits,
  startTls: false,
  enrolment: false,
  mailBeforeAuth: 530,
  protection: 'not-required',
  trace: false,
  random: (bytes) => Buffer.alloc(bytes),
};

/** A session that was given these texts; every question was answered with yes, and the contents thrown away. */
function session(texts: readonly string[], stage: SmtpSession['at']): SmtpSession {
  const made = new SmtpSession(settings);
  made.handle({ on: 'connected', secured: null });
  for (const text of texts) {
    let next: Event | null = { on: 'bytes', chunk: Buffer.from(text, 'latin1') };
    while (next !== null) {
      const last = made.handle(next).at(-1);
      next =
        last?.do === 'ask' ? { on: 'verdict', verdict: { verdict: 'accepted' }, to: last.question } : null;
    }
  }
  assert.equal(made.at, stage);
  return made;
}

const hello = 'EHLO client.example\r\n';
const mail = `${hello}MAIL FROM:<nu1@447.edu>\r\n`;
const letter = `${mail}RCPT TO:<nu2@447.edu>\r\nDATA\r\n`;
/** As long as a recipient and what is asked for it may be. */
const longRecipient = `RCPT TO:<${'l'.repeat(64)}@${'d'.repeat(63)}.${'e'.repeat(63)}.example> ORCPT=rfc822;${'b'.repeat(480)}\r\n`;

const cases: readonly {
  readonly what: string;
  readonly most: number;
  readonly texts: readonly string[];
  readonly stage: SmtpSession['at'];
  readonly count?: number;
}[] = [
  { what: 'waits for a command', most: 4 * KiB, texts: [hello], stage: 'ready', count: 500 },
  { what: 'has half a line', most: 40 * KiB, texts: [`${hello}AUTH ${'A'.repeat(12_000)}`], stage: 'ready' },
  {
    what: 'has half a line that came octet by octet',
    most: 40 * KiB,
    texts: [hello, ...Array<string>(12_000).fill('A')],
    stage: 'ready',
    count: 25,
  },
  { what: 'throws a line away', most: 8 * KiB, texts: ['A'.repeat(200_000)], stage: 'greeted', count: 200 },
  {
    what: 'reads a letter',
    most: 8 * KiB,
    texts: [letter, ...Array.from({ length: 4 }, () => `${'x'.repeat(65_534)}\r\n`)],
    stage: 'data',
    count: 200,
  },
  {
    what: 'has as many and as long recipients as there may be',
    most: 2048 * KiB,
    texts: [mail, longRecipient.repeat(defaultLimits.recipients)],
    stage: 'transaction',
    count: 5,
  },
];

for (const { what, most, texts, stage, count = 50 } of cases) {
  test(`a session that ${what} keeps at most ${most / KiB} KiB`, () => {
    const each = memoryOfEach(count, () => session(texts, stage));
    assert(each <= most, `it keeps ${each} octets`);
  });
}

const announcements = [
  ['a usual one', 500, 4 * KiB, ['SIZE 26214400', 'PIPELINING', 'AUTH PLAIN LOGIN', 'DSN']],
  ['the longest', 20, 512 * KiB, Array.from({ length: 15 }, (_, index) => `K${index} ${'y '.repeat(2030)}`)],
] as const;

for (const [what, count, most, keywords] of announcements) {
  test(`a client keeps at most ${most / KiB} KiB of ${what} of a server's announcements`, () => {
    const reply = `${['mail.example', ...keywords].map((keyword) => `250-${keyword}\r\n`).join('')}250 HELP\r\n`;
    const each = memoryOfEach(count, () => {
      const client = new SmtpClient();
      client.handle({ on: 'bytes', chunk: Buffer.from('220 mail.example\r\n') });
      client.send({ send: 'EHLO', name: 'client.example' });
      client.handle({ on: 'bytes', chunk: Buffer.from(reply) });
      assert.equal(client.extensions.size, keywords.length + 1);
      return client;
    });
    assert(each <= most, `it keeps ${each} octets`);
  });
}
