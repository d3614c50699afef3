import type { Secured } from '../../mail/transport.ts';
import type { ServerExchange } from '../../sasl/exchange.ts';
import { decideLine, endedLogin, type LineFailure, type LineStep } from '../../sasl/line-exchange.ts';
import type { LoginResult } from '../../sasl/login-result.ts';
import type { MechanismOffer } from '../../sasl/mechanisms.ts';
import { MarkedMaildrop } from '../maildrop.ts';
import { say, type Reply } from '../reply.ts';
import type { Question, Settings, Verdict } from '../session.ts';
import { ask, mismatch, type Authorization, type Move } from './stage.ts';

/** What this connection has to log in by. */
export const offerOf = (secured: Secured | null, { takesTokens }: Settings): MechanismOffer => ({
  channelBinding: secured?.channelBinding ?? null,
  certificate: secured?.tls.peerCertificate ?? null,
  takesTokens,
});

/** Where a session is when a login has failed: USER has to be said again. */
const notIn: Authorization = { at: 'authorization', user: null };

/** Turns a step of an authentication into a move of the session; there is no exchange where it failed before it began. */
export function follow(step: LineStep, exchange: ServerExchange | null): Move {
  if (step.step === 'failed') return { reply: failure(step.why), to: notIn, login: step.login };
  if (exchange === null) throw new Error('an exchange that never began goes on');
  switch (step.step) {
    case 'challenge':
      return { reply: say.challenge(step.challenge), to: { at: 'authenticating', exchange } };
    case 'ask': {
      const question: Question = { ask: 'login', mechanism: exchange.mechanism, question: step.question };
      return { reply: null, to: ask(question, (verdict) => decide(question, verdict, exchange)) };
    }
    case 'done':
      return openMaildrop(step.login.account, { outcome: 'in', ...step.login });
  }
}

/** A line that cannot be one of the exchange ends it. */
export const broken = (exchange: ServerExchange, reply: Reply): Move => ended(exchange, 'malformed', reply);

const ended = (exchange: ServerExchange, outcome: LoginResult['outcome'], reply: Reply): Move => ({
  reply,
  to: notIn,
  login: endedLogin(exchange, outcome),
});

function decide(question: Question, verdict: Verdict, exchange: ServerExchange): Move {
  if (verdict.verdict === 'refused' && verdict.why === 'overloaded')
    return ended(exchange, 'unavailable', say.authUnavailable(1));
  if (verdict.verdict === 'fault') return ended(exchange, 'fault', say.authFault(verdict.id));
  if (verdict.verdict !== 'sasl') return mismatch(question, verdict);
  return follow(decideLine(exchange, verdict.answer), exchange);
}

/** Who is in gets the maildrop, or is told why not and may try again (RFC 1939 section 4, RFC 2449 section 8.1.2). */
function openMaildrop(account: string, login: LoginResult): Move {
  const question: Question = { ask: 'maildrop', account };
  const settle = (verdict: Verdict): Move => {
    switch (verdict.verdict) {
      case 'maildrop': {
        const maildrop = new MarkedMaildrop(verdict.maildrop);
        return {
          reply: say.loggedIn(maildrop.leftCount, maildrop.leftBytes),
          to: { at: 'transaction', maildrop },
        };
      }
      case 'refused':
        return { reply: verdict.why === 'in-use' ? say.inUse : say.maildropGone, to: notIn };
      case 'fault':
        return { reply: say.maildropFault(verdict.id), to: notIn };
      default:
        return mismatch(question, verdict);
    }
  };
  return { reply: null, to: ask(question, settle), login };
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
