import { ok, refused, type Result } from '../result.ts';
import { isBearerToken } from './bearer.ts';
import type {
  ClientContext,
  ClientExchange,
  Credentials,
  PasswordCredentials,
  TokenCredentials,
} from './client.ts';
import type { Mechanism, PasswordMechanism, TokenMechanism } from './exchange.ts';
import { ExternalClient } from './external-client.ts';
import { mechanismNamed, mechanismsByStrength } from './mechanisms.ts';
import { formatOAuthBearer } from './oauthbearer.ts';
import { LoginClient, PlainClient } from './plain-client.ts';
import { prepareQuery, prepareUser, type PreparationRefusal } from './saslprep.ts';
import { ScramClient } from './scram-client.ts';
import { TokenClient } from './token-client.ts';
import { formatXoauth2 } from './xoauth2.ts';

/**
 * The strongest mechanism for a user name and a password that both sides have, -PLUS only with a channel binding; null
 * where there is none.
 */
export const chooseMechanism = (
  announced: readonly string[],
  { channelBinding }: Pick<ClientContext, 'channelBinding'>,
): PasswordMechanism | null => {
  const offered = new Set(announced.map(mechanismNamed));
  return (
    mechanismsByStrength.find(
      (mechanism) =>
        offered.has(mechanism) && (mechanism !== 'SCRAM-SHA-256-PLUS' || channelBinding !== null),
    ) ?? null
  );
};

/**
 * The client's side of one authentication. Refused where user name, password or token cannot be written down: prohibited
 * by SASLprep, or no bearer token. Credentials of another kind than the mechanism's are a fault, and so is -PLUS without
 * a channel binding.
 */
export const clientExchange = (
  mechanism: Mechanism,
  credentials: Credentials,
  context: ClientContext,
): Result<ClientExchange, PreparationRefusal> => {
  switch (mechanism) {
    case 'EXTERNAL': {
      if (!('certificate' in credentials)) throw new Error('EXTERNAL needs a certificate');
      const user = preparedUser(credentials.user);
      return user.ok ? ok(new ExternalClient(user.value)) : user;
    }
    case 'OAUTHBEARER':
    case 'XOAUTH2':
      if (!('token' in credentials)) throw new Error(`${mechanism} needs a token`);
      return tokenExchange(mechanism, credentials);
    default:
      if (!('password' in credentials)) throw new Error(`${mechanism} needs a password`);
      return passwordExchange(mechanism, credentials, context);
  }
};

const passwordExchange = (
  mechanism: PasswordMechanism,
  credentials: PasswordCredentials,
  context: ClientContext,
): Result<ClientExchange, PreparationRefusal> => {
  const user = prepareUser(credentials.user);
  if (!user.ok) return user;
  const password = prepareQuery(credentials.password.reveal());
  if (!password.ok) return password;
  if (mechanism === 'PLAIN') return ok(new PlainClient(user.value, password.value));
  if (mechanism === 'LOGIN') return ok(new LoginClient(user.value, password.value));
  return ok(new ScramClient(mechanism, user.value, password.value, context));
};

const tokenExchange = (
  mechanism: TokenMechanism,
  { user: named, token, server }: TokenCredentials,
): Result<ClientExchange, PreparationRefusal> => {
  const user = preparedUser(named);
  if (!user.ok) return user;
  if (!isBearerToken(token)) return refused('prohibited');
  if (mechanism === 'OAUTHBEARER') {
    return ok(new TokenClient(mechanism, formatOAuthBearer({ user: user.value, token }, server ?? null)));
  }
  if (user.value === null) return refused('empty');
  return ok(new TokenClient(mechanism, formatXoauth2({ user: user.value, token })));
};

const preparedUser = (user: string | null): Result<string | null, PreparationRefusal> =>
  user === null ? ok(null) : prepareUser(user);
