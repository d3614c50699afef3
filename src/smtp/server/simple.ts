import { verbs, type Verb } from '../command.ts';
import { say } from '../reply.ts';
import {
  isOpen,
  loginOf,
  offers,
  readyAfter,
  stay,
  type CommandStage,
  type Context,
  type Handler,
} from './stage.ts';

/** RSET (RFC 5321 section 4.1.1.5): the transaction is forgotten, the login is not. */
export const rset: Handler<{ verb: 'RSET' }> = (_, stage) => {
  if (stage.at !== 'transaction' && stage.at !== 'chunks') return stay(stage, say.reset);
  return { reply: say.reset, to: readyAfter(stage.envelope) };
};

/** NOOP (RFC 5321 section 4.1.1.9). */
export const noop: Handler<{ verb: 'NOOP' }> = (_, stage) => stay(stage, say.noop);

/** VRFY (RFC 5321 section 4.1.1.6), answered as RFC 5321 section 7.3 advises: nobody learns who has a mailbox. */
export const vrfy: Handler<{ verb: 'VRFY' }> = (_, stage) => stay(stage, say.vrfy);

/** HELP (RFC 5321 section 4.1.1.8): the commands, and which of them moves on from here. */
export const help: Handler<{ verb: 'HELP' }> = (_, stage, context) =>
  stay(
    stage,
    say.help(
      `Now: ${fits(stage, context)}`,
      verbs.filter((verb) => isHere(verb, context)),
    ),
  );

/** Whether a door has a command at all. */
function isHere(verb: Verb, context: Context): boolean {
  const { door } = context.settings;
  switch (verb) {
    case 'LHLO':
      return door === 'lmtp';
    case 'EHLO':
    case 'HELO':
      return door !== 'lmtp';
    case 'AUTH':
    case 'XENROL':
      return door === 'submission';
    case 'XCLIENT':
      return isOpen(context) && context.mayProxy;
    case 'BDAT':
      return offers('CHUNKING', context);
    default:
      return true;
  }
}

/** QUIT (RFC 5321 section 4.1.1.10). */
export const quit: Handler<{ verb: 'QUIT' }> = (_, __, { settings }) => ({
  reply: say.bye(settings.host),
  to: { at: 'closed' },
});

function fits(stage: CommandStage, context: Context): string {
  const { settings } = context;
  switch (stage.at) {
    case 'greeted':
      return settings.door === 'lmtp' ? 'LHLO' : 'EHLO';
    case 'ready':
      if (!isOpen(context)) return 'STARTTLS';
      return settings.door === 'submission' && loginOf(stage) === null ? 'AUTH' : 'MAIL FROM';
    case 'transaction':
      if (stage.envelope.recipients.length === 0) return 'RCPT TO';
      return offers('CHUNKING', context) ? 'RCPT TO, DATA or BDAT' : 'RCPT TO or DATA';
    case 'chunks':
      return stage.letter === null ? 'RSET' : 'BDAT';
  }
}
