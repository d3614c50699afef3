import { needsSmtpUtf8 } from '../../mail/address.ts';
import type { RecipientParameters } from '../parameters.ts';
import { say } from '../reply.ts';
import type { Question, Recipient } from '../session.ts';
import { notOffered } from './mail.ts';
import { stay, type Handler } from './stage.ts';
import { settleEnvelope } from './verdicts.ts';

/** RCPT (RFC 5321 section 4.1.1.3): one more recipient if policy knows the mailbox. */
export const rcpt: Handler<{
  verb: 'RCPT';
  recipient: Recipient;
  parameters: RecipientParameters;
}> = (command, stage, context) => {
  if (stage.at !== 'transaction') return stay(stage, say.mailFirst);
  const { envelope } = stage;
  const { uses, hasUtf8, requests } = command.parameters;
  const most = context.settings.limits.recipients;
  if (envelope.recipients.length >= most) return stay(stage, say.tooManyRecipients(most));
  const unknown = notOffered(uses, envelope.client.extended, context);
  if (unknown !== null) return stay(stage, unknown);
  const recipient: Recipient = requests === null ? command.recipient : { ...command.recipient, requests };
  const isUtf8 = hasUtf8 || (recipient.is === 'address' && needsSmtpUtf8(recipient.address));
  if (isUtf8 && !envelope.smtpUtf8) return stay(stage, say.needsSmtpUtf8);
  const question: Question = { ask: 'recipient', recipient, envelope };
  const more = { ...envelope, recipients: [...envelope.recipients, recipient] };
  const yes = { reply: say.recipientOk, to: { at: 'transaction', envelope: more } } as const;
  return { reply: null, to: { at: 'asking', question, settle: settleEnvelope(question, yes, stage) } };
};
