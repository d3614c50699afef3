import { formatBase64 } from '../../bytes/base64.ts';
import { beginExchange } from '../../sasl/line-exchange.ts';
import { say } from '../reply.ts';
import { follow, offerOf } from './login.ts';
import { stay, type Authorization, type Handler } from './stage.ts';

/** USER (RFC 1939 section 7): every name is as good as another, so that nobody learns who has a maildrop. */
export const user: Handler<{ verb: 'USER'; name: string }, Authorization> = ({ name }) => ({
  reply: say.userOk,
  to: { at: 'authorization', user: name },
});

/** PASS (RFC 1939 section 7): the same as PLAIN without its base64, so that both are prepared and checked alike. */
export const pass: Handler<{ verb: 'PASS'; password: string }, Authorization> = (
  { password },
  stage,
  { settings, secured },
) => {
  if (stage.user === null) return stay(stage, say.userFirst);
  const message = formatBase64(Buffer.from(`\0${stage.user}\0${password}`));
  const offer = { ...offerOf(secured, settings), random: settings.random };
  const { exchange, step } = beginExchange('PLAIN', message, offer);
  return follow(step, exchange);
};
