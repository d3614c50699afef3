import { needsSmtpUtf8, type Address } from '../../mail/address.ts';
import type { MailParameters, Use } from '../parameters.ts';
import { say, type Reply } from '../reply.ts';
import type { MailRequests } from '../requests.ts';
import type { Envelope, Question } from '../session.ts';
import { clientOf, loginOf, offers, stay, type Context, type Handler } from './stage.ts';
import { settleEnvelope } from './verdicts.ts';

/** MAIL (RFC 5321 section 4.1.1.2): begins a transaction if policy lets this sender. */
export const mail: Handler<{ verb: 'MAIL'; sender: Address | null; parameters: MailParameters }> = (
  { sender, parameters },
  stage,
  context,
) => {
  const client = clientOf(stage);
  if (client === null) return stay(stage, say.ehloFirst);
  const { messageBytes } = context.settings.limits;
  const unknown = notOffered(parameters.uses, client.extended, context);
  if (unknown !== null) return stay(stage, unknown);
  if (parameters.sizeBytes !== null && parameters.sizeBytes > messageBytes)
    return stay(stage, say.tooBig(messageBytes));
  if (sender !== null && !parameters.smtpUtf8 && needsSmtpUtf8(sender)) return stay(stage, say.needsSmtpUtf8);
  const { requests } = parameters;
  if (requests !== null && isHeldTooLong(requests, context))
    return stay(stage, say.holdTooLong(context.settings.limits.holdSeconds));
  const envelope: Envelope = {
    client,
    login: loginOf(stage),
    sender,
    smtpUtf8: parameters.smtpUtf8,
    body: parameters.body,
    ...(requests === null ? {} : { requests }),
    announcedBytes: parameters.sizeBytes,
    recipients: [],
  };
  const question: Question = { ask: 'sender', envelope };
  const yes = { reply: say.senderOk, to: { at: 'transaction', envelope } } as const;
  return { reply: null, to: { at: 'asking', question, settle: settleEnvelope(question, yes, stage) } };
};

/** The reply to a parameter whose extension is not announced here (RFC 5321 section 4.1.1.11); null where none is. */
export function notOffered(uses: readonly Use[], isExtended: boolean, context: Context): Reply | null {
  const use = uses.find(({ extension }) => !isExtended || !offers(extension, context));
  return use === undefined ? null : say.unknownParameter(use.keyword);
}

/** RFC 4865 section 3: neither longer than announced, nor until a date past the announced one. */
function isHeldTooLong({ hold }: MailRequests, { settings, connectedMs }: Context): boolean {
  if (hold === null) return false;
  const { holdSeconds } = settings.limits;
  if ('forSeconds' in hold) return hold.forSeconds > holdSeconds;
  return hold.untilMs > (connectedMs ?? 0) + holdSeconds * 1000;
}
