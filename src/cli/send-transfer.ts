import { formatAddress, type Address } from '../mail/address.ts';
import { CommandUnsent, type Outcome, type SmtpConnection } from '../net/smtp-client.ts';
import { bodyOf } from '../smtp/client/letter.ts';
import type { ServerReply } from '../smtp/client/reply-reader.ts';
import type { Unsent } from '../smtp/client/session.ts';
import { defused } from './menu/defused.ts';
import type { Outgoing } from './send-letter.ts';

/** A reply on one line, for a terminal. */
export const replyLine = ({ code, lines }: ServerReply): string => defused(`${code} ${lines.join(' / ')}`);

/** What a chunk of BDAT holds, octets. */
const chunkBytes = 1024 * 1024;

/**
 * Hands the letter in: by BDAT where the server has CHUNKING, else by DATA. `print` gets a line for each recipient and
 * the final reply. Null where every recipient was accepted and the letter taken, else a sentence of what was not.
 */
export async function transfer(
  connection: SmtpConnection,
  letter: Outgoing,
  print: (line: string) => void,
): Promise<string | null> {
  const { sender, recipients, bytes, smtpUtf8 } = letter;
  // All of them at once: they go out as a group where the server has PIPELINING.
  const [mail, ...answers] = await Promise.all([
    tried(
      connection.send({ send: 'MAIL', sender, sizeBytes: bytes.length, body: bodyOf([bytes]), smtpUtf8 }),
    ),
    ...recipients.map((recipient) => tried(connection.send({ send: 'RCPT', recipient }))),
  ]);
  if (mail === undefined || 'why' in mail)
    return mail === undefined ? 'nothing was sent' : explainUnsent(mail);
  if (mail.reply.code !== 250) return `the sender <${shown(sender)}> is refused: ${replyLine(mail.reply)}`;
  let accepted = 0;
  for (const [index, recipient] of recipients.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    const isAccepted = !('why' in answer) && answer.reply.code < 300;
    if (isAccepted) accepted++;
    const said = 'why' in answer ? explainUnsent(answer) : replyLine(answer.reply);
    print(`${isAccepted ? 'accepted' : 'REFUSED '}  <${shown(recipient)}>  ${said}`);
  }
  if (accepted === 0) return 'no recipient was accepted, and the letter was not sent';
  const { reply } = await content(connection, bytes);
  if (reply.code >= 300) return `the letter is refused: ${replyLine(reply)}`;
  print(`The letter is taken: ${replyLine(reply)}`);
  if (accepted === recipients.length) return null;
  return `${recipients.length - accepted} of ${recipients.length} recipients were refused; the others get the letter`;
}

async function content(connection: SmtpConnection, bytes: Uint8Array): Promise<Outcome> {
  if (!connection.extensions.has('CHUNKING')) {
    const data = await connection.send({ send: 'DATA' });
    return data.reply.code === 354 ? connection.send({ send: 'content', chunks: [bytes] }) : data;
  }
  for (let at = 0; ; at += chunkBytes) {
    const isLast = at + chunkBytes >= bytes.length;
    const outcome = await connection.send({
      send: 'BDAT',
      chunks: [bytes.subarray(at, at + chunkBytes)],
      isLast,
    });
    if (isLast || outcome.reply.code >= 300) return outcome;
  }
}

/** The outcome, or why the command was not sent. */
async function tried(outcome: Promise<Outcome>): Promise<Outcome | Unsent> {
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof CommandUnsent) return error.why;
    throw error;
  }
}

const shown = (address: Address): string => defused(formatAddress(address));

function explainUnsent(why: Unsent): string {
  switch (why.why) {
    case 'greeting':
      return 'the server refused the connection';
    case 'extension':
      return `the letter needs ${why.keyword}, which the server does not have`;
    case 'too-big':
      return `the letter is bigger than the ${why.mostBytes} octets that the server takes`;
    case 'limit':
      return `the server takes no more than ${why.most} (${why.limit})`;
    case 'no-transaction':
      return 'nothing was sent';
  }
}
