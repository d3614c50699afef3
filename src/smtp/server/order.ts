import type { Verb } from '../command.ts';
import { say, type Reply } from '../reply.ts';
import { clientOf, isOpen, loginOf, offers, type CommandStage, type Context } from './stage.ts';

type Check = (stage: CommandStage, context: Context) => Reply | null;

/** RFC 3207 section 4: 530 until TLS is there. */
const tls: Check = (_, context) => (isOpen(context) ? null : say.needTls);

const hello: Check = (stage, { settings }) => {
  if (clientOf(stage) !== null) return null;
  return settings.door === 'lmtp' ? say.lhloFirst : say.ehloFirst;
};

/** RFC 2033 section 4.1: each protocol has its own word, so that neither is taken for the other. */
const smtp: Check = (_, { settings }) => (settings.door === 'lmtp' ? say.sayLhlo : null);
const lmtp: Check = (_, { settings }) => (settings.door === 'lmtp' ? null : say.sayEhlo);

const submission =
  (reply: Reply): Check =>
  (_, { settings }) =>
    settings.door === 'submission' ? null : reply;

const login: Check = (stage, { settings }) => {
  if (settings.door !== 'submission' || loginOf(stage) !== null) return null;
  return settings.mailBeforeAuth === 530 ? say.authFirst : say.authFirstInOrder;
};

const noTransaction =
  (reply: Reply): Check =>
  (stage) =>
    stage.at === 'transaction' || stage.at === 'chunks' ? reply : null;

/** DATA and BDAT are not mixed, and recipients come before the letter (RFC 3030 section 2). */
const noChunks: Check = (stage) =>
  stage.at !== 'chunks' ? null : stage.letter === null ? say.chunkRefused : say.chunksOnly;

const inTransaction: Check = (stage) =>
  stage.at === 'transaction' || stage.at === 'chunks' ? null : say.mailFirst;

const text: Check = (stage) =>
  stage.at === 'transaction' && stage.envelope.body === 'BINARYMIME' ? say.chunksForBinary : null;

const chunking: Check = (stage, context) =>
  clientOf(stage)?.extended === false || !offers('CHUNKING', context) ? say.chunkNotHere : null;

const proxy: Check = (_, { mayProxy }) => (mayProxy ? null : say.xclientNotHere);

const noLogin =
  (reply: Reply): Check =>
  (stage) =>
    loginOf(stage) === null ? null : reply;

const recipients: Check = (stage) =>
  stage.at === 'transaction' && stage.envelope.recipients.length === 0 ? say.rcptFirst : null;

const startTls: Check = (_, { settings, secured }) =>
  secured === null ? (settings.startTls ? null : say.noTlsHere) : say.alreadyTls;

const enrolment: Check = (_, { settings }) =>
  settings.enrolment && settings.door === 'submission' ? null : say.enrolNotHere;

/** What each verb needs, in the order in which it is missed (RFC 5321 section 4.1.4). A missing row is a type error. */
const needs: Readonly<Record<Verb, readonly Check[]>> = {
  EHLO: [smtp],
  HELO: [smtp],
  LHLO: [lmtp],
  NOOP: [],
  HELP: [],
  VRFY: [],
  RSET: [],
  QUIT: [],
  STARTTLS: [startTls, hello],
  AUTH: [submission(say.authNotHere), tls, hello, noTransaction(say.authInMail), noLogin(say.authTwice)],
  XENROL: [enrolment, tls, hello, noTransaction(say.enrolInMail), noLogin(say.enrolLoggedIn)],
  XCLIENT: [proxy, tls, noTransaction(say.xclientInMail)],
  MAIL: [tls, hello, noTransaction(say.nestedMail), login],
  RCPT: [tls, hello, inTransaction, noChunks],
  DATA: [tls, hello, inTransaction, noChunks, recipients, text],
  BDAT: [chunking, tls, hello, inTransaction, recipients],
};

/** The reply to a command that is out of order; null where it is in order. */
export function outOfOrder(verb: Verb, stage: CommandStage, context: Context): Reply | null {
  for (const check of needs[verb]) {
    const reply = check(stage, context);
    if (reply !== null) return reply;
  }
  return null;
}
