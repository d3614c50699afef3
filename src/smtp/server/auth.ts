import { formatBase64, parseBase64 } from '../../bytes/base64.ts';
import type { Mechanism, SaslFailure, SaslStep, ServerExchange } from '../../sasl/exchange.ts';
import { mechanismNamed, offeredMechanisms, serverExchange } from '../../sasl/mechanisms.ts';
import { say, type Reply } from '../reply.ts';
import type { Client, Question, Secured, Settings, Verdict } from '../session.ts';
import { clientOf, mismatch, stay, type Handler, type Move, type Stage } from './stage.ts';

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
    return stay(stage, say.authUnknown);
  const initial = command.initial === null ? null : parseInitial(command.initial);
  if (initial === 'not-base64') return stay(stage, say.authNotBase64);
  const exchange = serverExchange(mechanism, {
    channelBinding: secured?.channelBinding ?? null,
    certificate: secured?.tls.peerCertificate ?? null,
    nonce: settings.random(nonceBytes),
    plusAnnounced: announced.some((name) => name.endsWith('-PLUS')),
  });
  return follow(exchange.start(initial), client, exchange);
};

/** A line of the exchange from the client: base64, or `*` to cancel (RFC 4954 section 4). */
export function authLine(line: string, client: Client, exchange: ServerExchange): Move {
  const back: Stage = { at: 'ready', client, login: null };
  if (line === '*') return stay(back, say.authCancelled);
  const response = parseBase64(line);
  if (response === null) return stay(back, say.authNotBase64);
  return follow(exchange.respond(response), client, exchange);
}

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
      const login = {
        account: step.account,
        mechanism: exchange.mechanism,
        channelBinding: step.channelBinding,
      };
      return { reply: say.loggedIn(step.account), to: { at: 'ready', client, login } };
    }
    case 'failed':
      return { reply: failure(step.why), to: { at: 'ready', client, login: null } };
  }
}

function decide(question: Question, verdict: Verdict, client: Client, exchange: ServerExchange): Move {
  if (verdict.verdict === 'fault')
    return stay({ at: 'ready', client, login: null }, say.authFault(verdict.id));
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
