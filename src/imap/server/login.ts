import { Secret, type SaslFailure } from '../../sasl/exchange.ts';
import { prepareQuery, prepareUser } from '../../sasl/saslprep.ts';
import type { LoginCommand } from '../grammar/login.ts';
import { say } from '../say.ts';
import { failureStatus, loggedIn } from './authenticate.ts';
import { asks, type Greeted, type Handler, type Move } from './stage.ts';

/** LOGIN (RFC 9051 section 6.2.3): only where nobody listens. */
export const login: Handler<LoginCommand, Greeted> = ({ user, password }, stage, context) => {
  if (context.secured === null) return { to: stage, status: say.needTls };
  const refuse = (why: SaslFailure): Move => ({
    to: stage,
    status: failureStatus(why),
    login: { outcome: why.why, account: user, mechanism: 'LOGIN', channelBinding: null },
  });
  const name = prepareUser(user);
  const prepared = prepareQuery(password.reveal());
  if (!name.ok || !prepared.ok) return refuse({ why: 'credentials' });
  const question = { ask: 'password', user: name.value, password: new Secret(prepared.value) } as const;
  return asks(
    { ask: 'login', mechanism: 'LOGIN', question },
    stage,
    (answer) => {
      if (answer.verdict === 'refused') return refuse(answer.why);
      if (answer.verdict !== 'login') throw new Error(`a password was answered with ${answer.verdict}`);
      return loggedIn({ account: answer.account, mechanism: 'LOGIN', channelBinding: null }, context);
    },
    { refused: (why) => (why === 'overloaded' ? refuse({ why: 'unavailable', waitSeconds: 1 }) : null) },
  );
};
