import { agreedSecured as secured } from '../test/support/agreed-tls.ts';
import { decodeUtf8 } from '../src/bytes/buffer.ts';
import { DotReader } from '../src/bytes/dot-reader.ts';
import { Secret } from '../src/sasl/exchange.ts';
import { parseCommand } from '../src/smtp/command.ts';
import { defaultExtensions } from '../src/smtp/extensions.ts';
import { defaultLimits } from '../src/smtp/limits.ts';
import { formatReply } from '../src/smtp/reply.ts';
import { SmtpSession } from '../src/smtp/server/session.ts';
import type { Action, Event, Question, Settings, Verdict } from '../src/smtp/session.ts';
import type { Contender } from './contender.ts';
import { Wire } from './wire.ts';

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

/** A session whose driver is a loop: questions are answered at once, and the replies come as the driver would write them. */
class Driven {
  readonly #session = new SmtpSession(settings);
  contentBytes = 0;

  handle(event: Event): string {
    let wire = '';
    let next: Event | null = event;
    while (next !== null) {
      const actions: Action[] = this.#session.handle(next);
      next = null;
      for (const action of actions) {
        if (action.do === 'reply') wire += formatReply(action.reply);
        else if (action.do === 'body') this.contentBytes += action.chunk.length;
        else if (action.do === 'ask')
          next = { on: 'verdict', verdict: verdictOf(action.question), to: action.question };
        else if (action.do === 'close') throw new Error(`the engine closed the session: ${wire}`);
      }
    }
    return wire;
  }
}

const opening = ['EHLO client.example', 'AUTH PLAIN AG51MUA0NDcuZWR1AHNlY3JldA=='].map((line) =>
  Buffer.from(`${line}\r\n`),
);

/** The engine with nothing around it. */
export const letterlock: Contender = {
  name: 'Letterlock',
  transactions: {
    does:
      'lines, commands, addresses and parameters, order, limits, questions to policy (answered at once), replies as ' +
      'text, dots, content handed on; AUTH was said before',
    open: async () => {
      const driven = new Driven();
      let wire = driven.handle({ on: 'connected', secured });
      for (const chunk of opening) wire += driven.handle({ on: 'bytes', chunk });
      if (!wire.includes('\r\n235 ')) throw new Error(`no login: ${wire}`);
      return (chunk) => {
        wire = driven.handle({ on: 'bytes', chunk });
        if (wire === '' || wire.startsWith('5')) throw new Error(`the engine said ${wire}`);
      };
    },
  },
  commands: {
    does: 'all of both grammars, limits of octets and the rules of domain names',
    open: (mail, rcpt) => () => {
      for (const line of [mail, rcpt]) {
        const parsed = parseCommand(decodeUtf8(line) ?? '');
        if (parsed.is !== 'command') throw new Error(`the line is ${parsed.is}`);
      }
    },
  },
  bodies: {
    does: 'looks for the end, takes dots out, refuses a CR or LF alone; hands views of the chunk on',
    open: async () => {
      const reader = new DotReader();
      return (chunk) => {
        const read = reader.push(chunk, []);
        if (read.got !== 'more') throw new Error(`the text under measurement came to ${read.got}`);
      };
    },
  },
};

/** The same engine behind the same stream as `smtp-server`, which wants one. */
export async function behindWire(): Promise<Wire['say']> {
  const wire = new Wire();
  const driven = new Driven();
  wire.on('data', (chunk: Buffer) => wire.write(driven.handle({ on: 'bytes', chunk })));
  const greeted = wire.greeted();
  wire.write(driven.handle({ on: 'connected', secured }));
  await greeted;
  for (const chunk of opening) await wire.say(chunk, 1);
  return wire.say;
}
