import type { Mechanism } from '../../src/sasl/exchange.ts';
import type { ClientCommand } from '../../src/smtp/client/command.ts';
import type { Body } from '../../src/smtp/session.ts';
import { addresses, binaries, letters, mailRequests, recipientRequests } from './client-words.ts';
import type { Random } from './random.ts';
import { mechanisms } from './sasl-words.ts';

/** A command of a program; an exchange has a state, so that AUTH is made when it is given. */
export type Order =
  | Exclude<ClientCommand, { send: 'AUTH' }>
  | { readonly send: 'AUTH'; readonly mechanism: Mechanism };

/** What a program has its client say, in batches: each is given at once. Legal, as what is not is the program's fault. */
export function program(random: Random, protocol: 'smtp' | 'lmtp'): Order[][] {
  const batches: Order[][] = [[]];
  const give = (...orders: readonly Order[]): void => {
    for (const order of orders) {
      if (random.onceIn(5)) batches.push([]);
      batches.at(-1)?.push(order);
    }
    if (random.onceIn(12)) batches.at(-1)?.push({ send: random.pick(['NOOP', 'HELP']) });
  };
  const name = 'client.example';
  const hello: Order = { send: protocol === 'lmtp' ? 'LHLO' : random.onceIn(12) ? 'HELO' : 'EHLO', name };
  give(hello);
  if (random.onceIn(4)) give({ send: 'STARTTLS' }, hello);
  if (random.onceIn(12)) give({ send: 'XENROL', address: random.pick(addresses) });
  if (random.onceIn(3)) give({ send: 'AUTH', mechanism: anyMechanism(random) });
  for (let count = random.below(4); count > 0; count -= 1) transaction(random, give);
  if (random.onceIn(3)) give({ send: 'QUIT' });
  return batches;
}

/** SCRAM seldom: its many rounds of hashing take longer than everything else. */
const anyMechanism = (random: Random): Mechanism =>
  random.pick(
    random.onceIn(8) ? mechanisms : mechanisms.filter((mechanism) => !mechanism.startsWith('SCRAM')),
  );

function transaction(random: Random, give: (...orders: readonly Order[]) => void): void {
  const body = random.pick<Body | null>([null, null, '7BIT', '8BITMIME', 'BINARYMIME']);
  give({
    send: 'MAIL',
    sender: random.onceIn(6) ? null : random.pick(addresses),
    ...(random.onceIn(2) ? { sizeBytes: random.below(100) } : {}),
    ...(body === null ? {} : { body }),
    ...(random.onceIn(2) ? { smtpUtf8: true } : {}),
    ...(random.onceIn(3) ? { requests: random.pick(mailRequests) } : {}),
  });
  for (let count = random.below(4); count > 0; count -= 1)
    give({
      send: 'RCPT',
      recipient: random.pick(addresses),
      ...(random.onceIn(6) ? { requests: random.pick(recipientRequests) } : {}),
    });
  if (random.onceIn(10)) return give({ send: 'RSET' });
  if (body !== 'BINARYMIME' && random.onceIn(2))
    return give({ send: 'DATA' }, { send: 'content', chunks: pieces(random, random.pick(letters)) });
  const words = body === 'BINARYMIME' ? binaries : letters;
  for (let left = random.below(3); left >= 0; left -= 1)
    give({ send: 'BDAT', chunks: pieces(random, random.pick(words)), isLast: left === 0 });
}

/** Text as the chunks that a program happens to have, cut anywhere. */
function pieces(random: Random, text: string): Buffer[] {
  const at = random.below(text.length + 1);
  const parts = random.onceIn(2) ? [text] : [text.slice(0, at), text.slice(at)];
  return parts.map((part) => Buffer.from(part, 'latin1'));
}
