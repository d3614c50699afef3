import type { Secured } from '../../mail/transport.ts';
import type { Mechanism, ServerExchange } from '../../sasl/exchange.ts';
import {
  beginExchange,
  decideLine,
  endedLogin,
  respondLine,
  type LineFailure,
  type LineStep,
} from '../../sasl/line-exchange.ts';
import type { LoginResult } from '../../sasl/login-result.ts';
import { offeredMechanisms, type MechanismOffer } from '../../sasl/mechanisms.ts';
import { say, type Reply } from '../reply.ts';
import type { Client, Question, Settings, Verdict } from '../session.ts';
import { clientOf, mismatch, type Handler, type Move, type Stage } from './stage.ts';

const offerOf = (secured: Secured | null, settings: Settings): MechanismOffer => ({
  channelBinding: secured?.channelBinding ?? null,
  certificate: secured?.tls.peerCertificate ?? null,
  takesTokens: settings.takesTokens ?? false,
});

/** The mechanisms of this connection, the strongest first: each only where it could succeed. */
export const announcedMechanisms = (secured: Secured | null, settings: Settings): readonly Mechanism[] =>
  offeredMechanisms(offerOf(secured, settings));

/** AUTH (RFC 4954 section 4). Its order was checked: protected, greeted, outside a transaction, not authenticated. */
export const auth: Handler<{ verb: 'AUTH'; mechanism: string; initial: string | null }> = (
  command,
  stage,
  { settings, secured },
) => {
  const client = clientOf(stage);
  if (client === null) return { reply: say.ehloFirst, to: stage };
  const offer = { ...offerOf(secured, settings), random: settings.random };
  const { exchange, step } = beginExchange(command.mechanism, command.initial, offer);
  return follow(step, client, exchange);
};

/** A line of the exchange from the client, null where it is no text: base64, or `*` to cancel (RFC 4954 section 4). */
export const authLine = (line: string | null, { client, exchange }: UnderWay): Move =>
  follow(respondLine(exchange, line), client, exchange);

/** A line that cannot be one of the exchange ends it. */
export const authBroken = (under: UnderWay, reply: Reply): Move => ended(under, 'malformed', reply);

/** An authentication between two lines. */
type UnderWay = { readonly client: Client; readonly exchange: ServerExchange };

/** The end of an authentication without a login, which this server's trouble brought. */
function ended({ client, exchange }: UnderWay, outcome: LoginResult['outcome'], reply: Reply): Move {
  return { reply, to: { at: 'ready', client, login: null }, login: endedLogin(exchange, outcome) };
}

/** Turns a step of the exchange into a move of the session; there is no exchange where it failed before it began. */
function follow(step: LineStep, client: Client, exchange: ServerExchange | null): Move {
  if (step.step === 'failed')
    return { reply: failure(step.why), to: { at: 'ready', client, login: null }, login: step.login };
  if (exchange === null) throw new Error('an exchange that never began goes on');
  switch (step.step) {
    case 'challenge':
      return { reply: say.challenge(step.challenge), to: { at: 'authenticating', client, exchange } };
    case 'ask': {
      const question: Question = { ask: 'login', mechanism: exchange.mechanism, question: step.question };
      return {
        reply: null,
        to: { at: 'asking', question, settle: (verdict) => decide(question, verdict, { client, exchange }) },
      };
    }
    case 'done': {
      const { login } = step;
      const to: Stage = { at: 'ready', client, login };
      return { reply: say.loggedIn(login.account), to, login: { outcome: 'in', ...login } };
    }
  }
}

function decide(question: Question, verdict: Verdict, under: UnderWay): Move {
  const { client, exchange } = under;
  if (verdict.verdict === 'refused' && verdict.why.why === 'overloaded')
    return ended(under, 'unavailable', say.authUnavailable(1));
  if (verdict.verdict === 'fault') return ended(under, 'fault', say.authFault(verdict.id));
  if (verdict.verdict !== 'sasl') return mismatch(question, verdict);
  return follow(decideLine(exchange, verdict.answer), client, exchange);
}

function failure(why: LineFailure): Reply {
  switch (why.why) {
    case 'malformed':
      return say.authMalformed(why.detail);
    case 'not-base64':
      return say.authNotBase64;
    case 'cancelled':
      return say.authCancelled;
    case 'no-such-mechanism':
      return say.authUnknown;
    case 'channel-binding':
      return say.authBinding;
    case 'authorization':
      return say.authOther;
    case 'credentials':
      return say.authFailed;
    case 'throttled':
      return say.authThrottled(why.waitSeconds);
    case 'unavailable':
      return say.authUnavailable(why.waitSeconds);
  }
}
