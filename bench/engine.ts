/**
 * The SMTP engine alone, without sockets or store: how many small transactions a second one core takes, and how fast
 * bodies are scanned. What a server adds to these figures it spends elsewhere.
 *
 *     node bench/engine.ts [seconds a row]
 */
import { agreedSecured as secured } from '../test/support/agreed-tls.ts';
import { DotReader } from '../src/bytes/dot-reader.ts';
import { TextLines } from '../src/bytes/text-lines.ts';
import { Secret } from '../src/sasl/exchange.ts';
import { defaultExtensions } from '../src/smtp/extensions.ts';
import { defaultLimits } from '../src/smtp/limits.ts';
import { formatReply } from '../src/smtp/reply.ts';
import { SmtpSession } from '../src/smtp/server/session.ts';
import type { Action, Event, Question, Settings, Verdict } from '../src/smtp/session.ts';

const seconds = Number(process.argv[2] ?? 2);

const settings: Settings = {
  host: 'mail.example',
  door: 'submission',
  extensions: defaultExtensions.submission,
  limits: defaultLimits,
  startTls: false,
  enrolment: false,
  mailBeforeAuth: 530,
  protection: 'required',
  trace: false,
  random: (bytes) => Buffer.alloc(bytes, 0x17),
};

/** Says yes to everything at once. */
function verdictOf(question: Question): Verdict {
  switch (question.ask) {
    case 'login':
      return { verdict: 'sasl', answer: { verdict: 'login', account: 'nu1@447.edu' } };
    case 'enrol':
      return { verdict: 'enrolled', account: 'nu1@447.edu', password: new Secret('12345447') };
    case 'deliver':
      return { verdict: 'delivered', id: '1' };
    default:
      return { verdict: 'accepted' };
  }
}

/** A session whose driver is a loop: replies are put on the wire and thrown away, questions answered at once. */
class Driven {
  readonly #session = new SmtpSession(settings);
  repliedBytes = 0;
  contentBytes = 0;

  handle(event: Event): void {
    let next: Event | null = event;
    while (next !== null) {
      const actions: Action[] = this.#session.handle(next);
      next = null;
      let wire = '';
      for (const action of actions) {
        if (action.do === 'reply') wire += formatReply(action.reply);
        else if (action.do === 'body') this.contentBytes += action.chunk.length;
        else if (action.do === 'ask')
          next = { on: 'verdict', verdict: verdictOf(action.question), to: action.question };
        else if (action.do === 'close') throw new Error('the engine closed the session under measurement');
      }
      this.repliedBytes += wire.length;
    }
  }
}

const textLine = `${'x'.repeat(76)}\r\n`;
const letter = Buffer.from(`${textLine.repeat(14).slice(0, 1024 - 2)}\r\n`);
const body = Buffer.concat([letter, Buffer.from('.\r\n')]);
const commands = ['MAIL FROM:<nu1@447.edu> SIZE=1024', 'RCPT TO:<nu2@447.edu>', 'DATA'].map((line) =>
  Buffer.from(`${line}\r\n`),
);

function opened(): Driven {
  const driven = new Driven();
  driven.handle({ on: 'connected', secured });
  for (const line of ['EHLO client.example', 'AUTH PLAIN AG51MUA0NDcuZWR1AHNlY3JldA==']) {
    driven.handle({ on: 'bytes', chunk: Buffer.from(`${line}\r\n`) });
  }
  return driven;
}

/** The time that this thread has had of a core: what else the machine does is not counted. */
function coreSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}

/** How often `once` runs in a second of a core, in the best of three windows after one to warm up. */
function rate(once: () => void): number {
  let best = 0;
  for (let window = 0; window < 4; window += 1) {
    const start = coreSeconds();
    let count = 0;
    do {
      for (let turn = 0; turn < 100; turn += 1) once();
      count += 100;
    } while (coreSeconds() - start < seconds / 4);
    if (window > 0) best = Math.max(best, count / (coreSeconds() - start));
  }
  return best;
}

function transactions(name: string, chunks: readonly Buffer[]): void {
  const driven = opened();
  const perSecond = rate(() => {
    for (const chunk of chunks) driven.handle({ on: 'bytes', chunk });
  });
  console.log(`${name.padEnd(44)}${Math.round(perSecond).toLocaleString('en').padStart(12)} a second`);
}

function scanning(name: string, text: string): void {
  const chunk = Buffer.from(text.repeat(Math.trunc(65_536 / text.length)));
  const reader = new DotReader();
  const perSecond = rate(() => {
    const read = reader.push(chunk, []);
    if (read.got !== 'more') throw new Error(`the text under measurement came to ${read.got}`);
  });
  console.log(`${name.padEnd(44)}${((perSecond * chunk.length) / 1e9).toFixed(3).padStart(12)} GB/s`);
}

/** What BDAT looks at in text: whether its lines are whole. */
function chunked(name: string, text: string): void {
  const chunk = Buffer.from(text.repeat(Math.trunc(65_536 / text.length)));
  const lines = new TextLines();
  const perSecond = rate(() => {
    if (lines.push(chunk) !== null) throw new Error('the text under measurement has a bare line end');
  });
  console.log(`${name.padEnd(44)}${((perSecond * chunk.length) / 1e9).toFixed(3).padStart(12)} GB/s`);
}

transactions('transactions of 1 KiB, pipelined', [Buffer.concat(commands), body]);
transactions('transactions of 1 KiB, a command at a time', [...commands, body]);
transactions('transactions of 1 KiB, by BDAT, pipelined', [
  Buffer.concat([...commands.slice(0, 2), Buffer.from(`BDAT ${letter.length} LAST\r\n`), letter]),
]);
scanning('body, 76 columns', textLine);
scanning('body, 998 columns', `${'x'.repeat(998)}\r\n`);
scanning('body, nothing but line ends', '\r\n');
scanning('body, nothing but dots', '..\r\n');
chunked('body by BDAT, 76 columns', textLine);
chunked('body by BDAT, nothing but line ends', '\r\n');
