import { ehloKeywords, type Extension } from '../extensions.ts';
import type { Limits } from '../limits.ts';
import { proxyAttributes } from '../proxied.ts';
import { say, type Reply } from '../reply.ts';
import type { Settings } from '../session.ts';
import { announcedMechanisms } from './auth.ts';
import { isOpen, loginOf, offers, type Context, type Handler } from './stage.ts';

/** What a connection begins with (RFC 5321 section 4.2). */
export const greeting = ({ host, door }: Settings): Reply =>
  door === 'lmtp' ? say.greetingLmtp(host) : say.greeting(host);

/** EHLO, HELO and LHLO (RFC 5321 section 4.1.1.1, RFC 2033 section 4.1): who is there, and a clean slate but for the login. */
export const hello: Handler<{ verb: 'EHLO' | 'HELO' | 'LHLO'; client: string }> = (
  command,
  stage,
  context,
) => {
  const client = { name: command.client, extended: command.verb !== 'HELO' };
  const { host } = context.settings;
  return {
    reply: client.extended ? say.ehlo(host, client.name, announced(context)) : say.hello(host, client.name),
    to: { at: 'ready', client, login: loginOf(stage) },
  };
};

/** The keywords that hold on this connection as it is now, with their parameters. */
function announced(context: Context): string[] {
  return ehloKeywords.flatMap(({ keyword }) => announcement(keyword, context) ?? []);
}

function announcement(keyword: string, context: Context): string | null {
  const { settings, secured } = context;
  const { limits } = settings;
  const open = isOpen(context);
  const isSubmission = settings.door === 'submission';
  const where = (extension: Extension, text: string): string | null =>
    offers(extension, context) ? text : null;
  switch (keyword) {
    case 'SIZE':
      return `SIZE ${limits.messageBytes}`;
    case 'STARTTLS':
      return secured === null && settings.startTls ? keyword : null;
    case 'AUTH':
      return open && isSubmission ? `AUTH ${announcedMechanisms(secured, settings).join(' ')}` : null;
    case 'XENROL':
      return open && isSubmission && settings.enrolment ? keyword : null;
    case 'XCLIENT':
      return open && context.mayProxy ? `XCLIENT ${proxyAttributes.join(' ')}` : null;
    case 'LIMITS':
      return where(keyword, `LIMITS ${mostMails(limits)}RCPTMAX=${limits.recipients}`);
    case 'FUTURERELEASE':
      return where(keyword, `FUTURERELEASE ${limits.holdSeconds} ${latestHold(context)}`);
    case 'CHUNKING':
    case 'BINARYMIME':
    case 'DSN':
    case 'REQUIRETLS':
    case 'DELIVERBY':
    case 'MT-PRIORITY':
      return where(keyword, keyword);
    default:
      return keyword;
  }
}

/** A limit that is none is not announced. */
const mostMails = ({ transactions }: Limits): string => (transactions > 0 ? `MAILMAX=${transactions} ` : '');

/** max-future-release-date-time, whole seconds (RFC 4865 section 3). */
function latestHold({ settings, connectedMs }: Context): string {
  const latest = new Date((connectedMs ?? 0) + settings.limits.holdSeconds * 1000);
  return `${latest.toISOString().slice(0, 19)}Z`;
}
