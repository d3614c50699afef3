import { formatAddress, type Address } from '../../mail/address.ts';
import { refused } from '../../result.ts';
import type { ClientExchange, ClientFailure } from '../../sasl/client.ts';
import type { ServerReply } from '../../smtp/client/reply-reader.ts';
import type { SenderSession } from './sender-session.ts';
import { loggedIn } from './stage.ts';

/** What the session does after a command. */
export type Next = 'go-on' | 'closed';

/**
 * AUTH: enrols whoever the server does not know yet, and ends the connection then; asks the others for their password
 * and authenticates with the strongest mechanism that both sides have.
 */
export async function authenticate(session: SenderSession): Promise<Next> {
  const address = await session.askAddress(`User name (an address in ${session.domain}): `, '');
  if (address === null) return 'go-on';
  if (session.extensions.has('XENROL')) {
    const reply = await session.send({ send: 'XENROL', address });
    switch (enrolmentOf(reply)) {
      case 'enrolled':
        await showPassword(session, reply);
        return 'closed';
      case 'out-of-order':
        return 'go-on';
      case 'exists':
        session.terminal.print('MATCH FOUND');
        break;
      case 'refused':
        session.terminal.print('No new account was made. Whoever has one already can authenticate.');
        break;
    }
  } else if (!session.extensions.has('AUTH')) {
    // The server has announced nothing, or EHLO is yet to come: it says itself what it thinks of AUTH.
    await session.send({ send: 'AUTH', exchange: question });
    return 'go-on';
  }
  await logIn(session, address);
  return 'go-on';
}

/** Asks whether AUTH is welcome, with a mechanism in which the client may wait; no challenge is ever answered. */
const question: ClientExchange = {
  mechanism: 'SCRAM-SHA-256',
  start: () => null,
  respond: () => refused('unexpected-challenge'),
  finish: () => refused('server-not-proved'),
};

function enrolmentOf({ code, lines }: ServerReply): 'enrolled' | 'exists' | 'out-of-order' | 'refused' {
  if (code === 250) return 'enrolled';
  if (code === 550 && /\bexists\b/i.test(lines.join(' '))) return 'exists';
  return code >= 500 && code < 510 ? 'out-of-order' : 'refused';
}

/** The password, the one time that it is seen; then the server closes. */
async function showPassword(session: SenderSession, { lines }: ServerReply): Promise<void> {
  const { terminal } = session;
  const password = lines
    .map((line) => /Password: (\S+)$/.exec(line)?.[1])
    .find((found) => found !== undefined);
  terminal.print('You are new here, and enrolled now.');
  if (password === undefined) terminal.print('The server did not say a password.');
  else terminal.print(`Your password: ${password}   (shown this once; note it down)`);
  await session.closed();
  terminal.print('The server has closed the connection: Connect again, and AUTH with the password.');
}

async function logIn(session: SenderSession, address: Address): Promise<void> {
  const { terminal } = session;
  const password = await session.askSecret('Password: ');
  if (password.reveal() === '') return terminal.print('No password, so nothing was sent.');
  const user = formatAddress(address);
  const outcome = await session.authenticate(user, password);
  if (!outcome.ok) {
    const why =
      outcome.refusal === 'password'
        ? 'the user name or the password has characters that cannot be sent'
        : 'the server announces no mechanism that is known here';
    return terminal.print(`AUTH=FALSE: nothing was sent, ${why}.`);
  }
  const { reply, failure, mechanism } = outcome.value;
  if (failure !== null) {
    terminal.print(`AUTH=FALSE: ${failures[failure]}; the connection is broken off.`);
    return session.breakOff();
  }
  if (reply.code !== 235) return terminal.print(`AUTH=FALSE: ${refusalOf(reply.code)}.`);
  session.stage = loggedIn(user);
  return terminal.print(`AUTH=TRUE (${mechanism})`);
}

const failures: Readonly<Record<ClientFailure, string>> = {
  'unexpected-challenge': 'the server asked for something that the mechanism does not have',
  'malformed-challenge': 'the server sent something that is not in the mechanism',
  nonce: 'the server played back an old exchange',
  iterations: 'the server asked for too weak or too costly a computation',
  'server-not-proved': 'the server did not prove that it knows this account; it may be another one',
};

function refusalOf(code: number): string {
  if (code === 535) return 'wrong user name or password';
  if (code === 454) return 'not now; the reply says how long to wait';
  return `the server answered ${code}`;
}
