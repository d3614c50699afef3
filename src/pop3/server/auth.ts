import { beginExchange } from '../../sasl/line-exchange.ts';
import { follow, offerOf } from './login.ts';
import type { Authorization, Handler } from './stage.ts';

/** AUTH (RFC 5034 section 4). */
export const auth: Handler<{ verb: 'AUTH'; mechanism: string; initial: string | null }, Authorization> = (
  { mechanism, initial },
  _,
  { settings, secured },
) => {
  const offer = { ...offerOf(secured, settings), random: settings.random };
  const { exchange, step } = beginExchange(mechanism, initial, offer);
  return follow(step, exchange);
};
