import { formatBase64, parseBase64 } from '../../bytes/base64.ts';
import type { Mechanism, SaslFailure, SaslStep, ServerExchange } from '../../sasl/exchange.ts';
import {
  loggableMechanism,
  mechanismNamed,
  offeredMechanisms,
  serverExchange,
} from '../../sasl/mechanisms.ts';
import { say, type Reply } from '../reply.ts';
import type { Client, LoginResult, Question, Secured, Settings, Verdict } from '../session.ts';
import { clientOf, mismatch, type Handler, type Move, type Stage } from './stage.ts';

const nonceBytes = 18;

/** The mechanisms of this connection, the strongest first: each only where it could succeed. */
export function announcedMechanisms(secured: Secured | null, settings: Settings): readonly Mechanism[] {
  return offeredMechanisms({
    channelBinding: secured?.channelBinding ?? null,
    certificate: secured?.tls.peerCertificate ?? null,
    takesTokens: settings.takesTokens ?? false,
  });
}

/** AUTH (RFC 4954 section 4). Its order was checked: protected, greeted, outside a transaction, not authenticated. */
export const auth: Handler<{ verb: 'AUTH'; mechanism: string; initial: string | null }> = (
  command,
  stage,
  { settings, secured },
) => {
  const client = clientOf(stage);
  const announced = announcedMechanisms(secured, settings);
  const mechanism = mechanismNamed(command.mechanism);
  if (client === null || mechanism === null || !announced.includes(mechanism))
    return { reply: say.authUnknown, to: stage, login: unknown(command.mechanism) };
  const initial = command.initial === null ? null : parseInitial(command.initial);
  const exchange = serverExchange(mechanism, {
    channelBinding: secured?.channelBinding ?? null,
    certificate: secured?.tls.peerCertificate ?? null,
    nonce: settings.random(nonceBytes),
    plusAnnounced: announced.some((name) => name.endsWith('-PLUS')),
  });
  if (initial === 'not-base64') return authBroken({ client, exchange }, say.authNotBase64);
  return follow(exchange.start(initial), client, exchange);
};

/** A line of the exchange from the client: base64, or `*` to cancel (RFC 4954 section 4). */
export function authLine(line: string, under: UnderWay): Move {
  const { client, exchange } = under;
  if (line === '*') return ended(under, 'cancelled', say.authCancelled);
  const response = parseBase64(line);
  if (response === null) return authBroken(under, say.authNotBase64);
  return follow(exchange.respond(response), client, exchange);
}

/** A line that cannot be one of the exchange ends it. */
export const authBroken = (under: UnderWay, reply: Reply): Move => ended(under, 'malformed', reply);

/** An authentication between two lines. */
type UnderWay = { readonly client: Client; readonly exchange: ServerExchange };

/** The end of an authentication without a login. */
function ended({ client, exchange }: UnderWay, outcome: LoginResult['outcome'], reply: Reply): Move {
  const { mechanism, user } = exchange;
  const login = { outcome, account: user, mechanism, channelBinding: null };
  return { reply, to: { at: 'ready', client, login: null }, login };
}

const unknown = (mechanism: string): LoginResult => ({
  outcome: 'no-such-mechanism',
  account: null,
  mechanism: loggableMechanism(mechanism),
  channelBinding: null,
});

function parseInitial(text: string): Uint8Array | 'not-base64' {
  if (text === '=') return new Uint8Array();
  return parseBase64(text) ?? 'not-base64';
}

/** Turns a step of the exchange into a move of the session. */
function follow(step: SaslStep, client: Client, exchange: ServerExchange): Move {
  switch (step.step) {
    case 'challenge':
      return {
        reply: say.challenge(formatBase64(step.challenge)),
        to: { at: 'authenticating', client, exchange },
      };
    case 'ask': {
      const question: Question = { ask: 'login', mechanism: exchange.mechanism, question: step.question };
      return {
        reply: null,
        to: { at: 'asking', question, settle: (verdict) => decide(question, verdict, client, exchange) },
      };
    }
    case 'done': {
      const { account, channelBinding } = step;
      const login = { account, mechanism: exchange.mechanism, channelBinding };
      const to: Stage = { at: 'ready', client, login };
      return { reply: say.loggedIn(account), to, login: { outcome: 'in', ...login } };
    }
    case 'failed':
      return ended({ client, exchange }, step.why.why, failure(step.why));
  }
}

function decide(question: Question, verdict: Verdict, client: Client, exchange: ServerExchange): Move {
  if (verdict.verdict === 'refused' && verdict.why.why === 'overloaded')
    return ended({ client, exchange }, 'unavailable', say.authUnavailable(1));
  if (verdict.verdict === 'fault') return ended({ client, exchange }, 'fault', say.authFault(verdict.id));
  if (verdict.verdict !== 'sasl') return mismatch(question, verdict);
  return follow(exchange.decide(verdict.answer), client, exchange);
}

function failure(why: SaslFailure): Reply {
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
  }
}
