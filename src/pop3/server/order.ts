import type { Verb } from '../command.ts';
import { say, type Reply } from '../reply.ts';
import type { CommandStage, Context } from './stage.ts';

type Check = (stage: CommandStage, context: Context) => Reply | null;

/** RFC 8314 section 4.1: no password crosses a connection that is not protected. */
const tls: Check = (_, { secured }) => (secured === null ? say.needTls : null);

const out: Check = ({ at }) => (at === 'authorization' ? null : say.loggedInAlready);

const inside: Check = ({ at }) => (at === 'transaction' ? null : say.loginFirst);

const startTls: Check = (_, { settings, secured }) =>
  secured === null ? (settings.startTls ? null : say.noTlsHere) : say.alreadyTls;

/** What each verb needs, in the order in which it is missed (RFC 1939 sections 4 and 5). A missing row is a type error. */
const needs: Readonly<Record<Verb, readonly Check[]>> = {
  CAPA: [],
  STLS: [out, startTls],
  UTF8: [tls, out],
  USER: [tls, out],
  PASS: [tls, out],
  APOP: [tls, out],
  AUTH: [tls, out],
  STAT: [tls, inside],
  LIST: [tls, inside],
  UIDL: [tls, inside],
  RETR: [tls, inside],
  TOP: [tls, inside],
  DELE: [tls, inside],
  NOOP: [tls, inside],
  RSET: [tls, inside],
  QUIT: [],
};

/** The reply to a command that is out of order; null where it is in order. */
export function outOfOrder(verb: Verb, stage: CommandStage, context: Context): Reply | null {
  for (const check of needs[verb]) {
    const reply = check(stage, context);
    if (reply !== null) return reply;
  }
  return null;
}
