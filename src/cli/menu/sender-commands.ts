import { randomUUID } from 'node:crypto';
import { needsSmtpUtf8 } from '../../mail/address.ts';
import { composeLetter } from '../../mail/compose.ts';
import { asciiDomain } from '../../mail/domain.ts';
import { systemClock } from '../../net/clock.ts';
import { helpLines, menuLine } from './menu-text.ts';
import type { TypedCommand } from './menu-command.ts';
import { authenticate, type Next } from './sender-auth.ts';
import type { SenderSession } from './sender-session.ts';
import {
  helloAccepted,
  recipientAccepted,
  senderAccepted,
  subjectGiven,
  transactionOver,
  type MenuEnvelope,
} from './stage.ts';
import { InputEnded } from './terminal.ts';

/** Does what one command of the menu says. */
export async function perform(
  session: SenderSession,
  { command, argument }: TypedCommand,
): Promise<Next | 'quit'> {
  switch (command) {
    case 'HELO':
      await hello(session, argument);
      break;
    case 'AUTH':
      return authenticate(session);
    case 'MAIL FROM':
      await mailFrom(session, argument);
      break;
    case 'RCPT TO':
      await rcptTo(session, argument);
      break;
    case 'DATA':
      await data(session);
      break;
    case 'RSET':
      await reset(session);
      break;
    case 'HELP':
      await session.send({ send: 'HELP' });
      session.terminal.print(helpLines(session.stage).join('\n'));
      break;
    case 'QUIT':
      await session.quit();
      return 'quit';
  }
  return 'go-on';
}

/** Whether a server does not know a command (RFC 5321 section 4.2.4). */
const unknown = (code: number): boolean => code === 500 || code === 502;

/** EHLO, and HELO where the server does not know that (RFC 5321 section 3.2). */
async function hello(session: SenderSession, name: string): Promise<void> {
  const own = name === '' ? session.ownName : name;
  let { code } = await session.send({ send: 'EHLO', name: own });
  if (unknown(code)) ({ code } = await session.send({ send: 'HELO', name: own }));
  if (code !== 250) return;
  session.stage = helloAccepted(session.stage);
  session.terminal.print('The server welcomes you.');
}

async function mailFrom(session: SenderSession, typed: string): Promise<void> {
  const sender = await session.askAddress('Your address, with its domain: ', typed, null);
  if (sender === null) return;
  const smtpUtf8 = needsSmtpUtf8(sender);
  if (smtpUtf8 && !takesUtf8(session)) return;
  const { code } = await session.send({ send: 'MAIL', sender, smtpUtf8 });
  if (code === 250) session.stage = senderAccepted(session.stage, sender, smtpUtf8);
  else if (code === 503 && session.stage.at === 'transaction')
    session.terminal.print('A letter is begun already: go on with it, or type RSET to give it up.');
}

/** RSET (RFC 5321 section 4.1.1.5): the letter that was begun is given up, the login stays. */
async function reset(session: SenderSession): Promise<void> {
  const { code } = await session.send({ send: 'RSET' });
  if (code === 250) session.stage = transactionOver(session.stage);
}

async function rcptTo(session: SenderSession, typed: string): Promise<void> {
  const recipient = await session.askAddress(`Recipient (@${session.domain} if left out): `, typed);
  if (recipient === null) return;
  if (needsSmtpUtf8(recipient)) {
    if (!takesUtf8(session)) return;
    await announceUtf8(session);
  }
  const { code } = await session.send({ send: 'RCPT', recipient });
  if (code !== 250 && code !== 251) return;
  session.stage = recipientAccepted(session.stage, recipient);
  if (session.stage.at !== 'transaction') return;
  const { recipients, subject } = session.stage.envelope;
  // Once for a letter, however many it goes to.
  if (recipients.length > 1 || subject !== '') return;
  session.stage = subjectGiven(session.stage, await session.ask('Subject: '));
}

/** RFC 6531 section 3.2: such an address goes only to a server that announces SMTPUTF8. */
function takesUtf8(session: SenderSession): boolean {
  if (session.extensions.has('SMTPUTF8')) return true;
  session.terminal.print(
    'That address is not ASCII, and the server has not announced SMTPUTF8: nothing was sent.',
  );
  return false;
}

/** SMTPUTF8 stands in MAIL FROM; a letter that was begun without it is begun again, with the same recipients. */
async function announceUtf8(session: SenderSession): Promise<void> {
  const { stage } = session;
  if (stage.at !== 'transaction' || stage.envelope.smtpUtf8) return;
  const { sender, recipients, subject } = stage.envelope;
  session.terminal.print('This address needs SMTPUTF8: the letter is begun again with it.');
  await session.send({ send: 'RSET' });
  session.stage = transactionOver(stage);
  const { code } = await session.send({ send: 'MAIL', sender, smtpUtf8: true });
  if (code !== 250) return;
  session.stage = senderAccepted(session.stage, sender, true);
  for (const recipient of recipients) {
    const again = await session.send({ send: 'RCPT', recipient });
    if (again.code === 250 || again.code === 251) session.stage = recipientAccepted(session.stage, recipient);
  }
  session.stage = subjectGiven(session.stage, subject);
}

/** DATA; the letter is asked for when the server waits for it. */
async function data(session: SenderSession): Promise<void> {
  const { code } = await session.send({ send: 'DATA' });
  if (code !== 354) return;
  const { stage } = session;
  if (stage.at !== 'transaction') {
    session.terminal.print(
      'The server asks for a letter that was never begun: the connection is broken off.',
    );
    return session.breakOff();
  }
  const text = await askLetter(session);
  const letter = composed(stage.envelope, text);
  const sent = await session.send({ send: 'content', chunks: [letter] });
  session.stage = transactionOver(stage);
  session.terminal.print(
    sent.code === 250 ? 'Status Code: 250 - Mail was sent' : `Status Code: ${sent.code} - Mail was not sent`,
  );
}

/** The lines up to a single dot. Whoever leaves in the middle sends nothing: the connection breaks before its end. */
async function askLetter(session: SenderSession): Promise<string> {
  session.terminal.print('Message (a line with a single dot ends it):');
  const lines: string[] = [];
  try {
    for (;;) {
      const line = await session.ask('');
      if (line === '.') return lines.join('\n');
      lines.push(line);
    }
  } catch (error) {
    if (error instanceof InputEnded) await session.breakOff();
    throw error;
  }
}

function composed({ sender, recipients, subject, smtpUtf8 }: MenuEnvelope, text: string): Uint8Array {
  const date = systemClock.now();
  return composeLetter({
    from: { name: null, address: sender },
    to: recipients.map((address) => ({ name: null, address })),
    subject,
    text,
    date,
    zoneMinutes: -new Date(date).getTimezoneOffset(),
    messageId: `${randomUUID()}@${asciiDomain(sender.domain)}`,
    smtpUtf8,
  });
}

/** The answer to a line that is no command. */
export const notACommand = `That is not a command. ${menuLine}`;
