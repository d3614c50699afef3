import {
  beginExchange,
  decideLine,
  endedLogin,
  respondLine,
  type LineFailure,
  type LineStep,
} from '../../sasl/line-exchange.ts';
import type { ServerExchange } from '../../sasl/exchange.ts';
import type { Login, LoginResult } from '../../sasl/login-result.ts';
import { formatCapabilities, mechanismOffer } from '../capabilities.ts';
import type { AuthenticateCommand } from '../grammar/login.ts';
import { say, type Status } from '../say.ts';
import { asks, type Context, type Greeted, type Handler, type Move } from './stage.ts';

/** AUTHENTICATE (RFC 9051 section 6.2.2), with an initial response (RFC 4959 section 3). */
export const authenticate: Handler<AuthenticateCommand, Greeted> = (
  { mechanism, initial },
  home,
  context,
) => {
  const { secured, settings } = context;
  if (secured === null) return { to: home, status: say.needTls };
  const offer = { ...mechanismOffer(secured, settings), random: settings.random };
  const { exchange, step } = beginExchange(mechanism, initial?.reveal() ?? null, offer);
  return follow(step, { home, exchange }, context);
};

/** An authentication under way; no exchange where it ended at once. */
type UnderWay = { readonly home: Greeted; readonly exchange: ServerExchange | null };

/** A line of the exchange from the client, null where it is no text: base64, or `*` to cancel. */
export const authenticateLine = (
  line: string | null,
  { home, exchange }: { readonly home: Greeted; readonly exchange: ServerExchange },
  context: Context,
): Move => follow(respondLine(exchange, line), { home, exchange }, context);

function follow(step: LineStep, under: UnderWay, context: Context): Move {
  const { home, exchange } = under;
  if (step.step === 'failed') return { to: home, status: failureStatus(step.why), login: step.login };
  if (step.step === 'done') return loggedIn(step.login, context);
  if (exchange === null) throw new Error('an authentication goes on that never began');
  if (step.step === 'challenge') {
    context.out.latin1(`+ ${step.challenge}\r\n`);
    return { to: { at: 'authenticating', home, exchange } };
  }
  const { mechanism } = exchange;
  const unavailable = (): Move => ({
    to: home,
    status: say.authUnavailable(1),
    login: endedLogin(exchange, 'unavailable'),
  });
  return asks(
    { ask: 'login', mechanism, question: step.question },
    home,
    (answer) => follow(decideLine(exchange, answer), under, context),
    { refused: (why) => (why === 'overloaded' ? unavailable() : null) },
  );
}

/** The session of somebody who is in. */
export function loggedIn(login: Login, { secured, settings }: Context): Move {
  const capabilities = formatCapabilities({ secured, settings, isLoggedIn: true });
  const result: LoginResult = { outcome: 'in', ...login };
  return {
    to: { at: 'authenticated', person: { login, enabled: new Set() } },
    status: say.loggedIn(capabilities),
    login: result,
  };
}

/** The status that says why a login failed. */
export function failureStatus(why: LineFailure): Status {
  switch (why.why) {
    case 'malformed':
      return say.authMalformed(why.detail);
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
    case 'cancelled':
      return say.authCancelled;
    case 'not-base64':
      return say.authNotBase64;
    case 'no-such-mechanism':
      return say.authUnknown;
  }
}
