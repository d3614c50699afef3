import { clientExchange } from '../../src/sasl/client-mechanisms.ts';
import { Secret, type Mechanism, type ServerExchange } from '../../src/sasl/exchange.ts';
import { serverExchange } from '../../src/sasl/mechanisms.ts';
import { scramKeys } from '../../src/sasl/scram-keys.ts';
import type { Credentials } from '../../src/sasl/client.ts';
import { formatBase64 } from '../../src/bytes/base64.ts';
import { agreedSecured } from '../support/agreed-tls.ts';

/** What both ends of each mechanism say where all is right, in base64, recorded once from the exchanges themselves. */

const account = 'nu1@447.edu';
export const password = 'pencil';
export const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
export const clientNonce = Buffer.alloc(18, 0x31);
const serverNonce = Buffer.alloc(18, 0x17);

/** A certificate of the client that is trusted and speaks for the account. */
export const certificate = {
  sha256: 'ab'.repeat(32),
  subject: `CN=${account}`,
  trusted: true,
  distrust: null,
  emails: [account],
} as const;

export const mechanisms = [
  'PLAIN',
  'LOGIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-256-PLUS',
  'EXTERNAL',
  'OAUTHBEARER',
  'XOAUTH2',
] as const satisfies readonly Mechanism[];

/** What proves the account for a mechanism. */
export function credentialsFor(mechanism: Mechanism): Credentials {
  switch (mechanism) {
    case 'EXTERNAL':
      return { user: account, certificate: 'presented' };
    case 'OAUTHBEARER':
    case 'XOAUTH2':
      return { user: account, token: new Secret('t0ken.of-ours') };
    default:
      return { user: account, password: new Secret(password) };
  }
}

/** One side's messages in their order, in base64; the first of the client is its initial response, null for none. */
export type Recorded = { readonly client: readonly (string | null)[]; readonly server: readonly string[] };

function record(mechanism: Mechanism): Recorded {
  const { channelBinding } = agreedSecured;
  const made = clientExchange(mechanism, credentialsFor(mechanism), {
    channelBinding,
    announced: mechanisms,
    nonce: clientNonce,
  });
  if (!made.ok) throw new Error(`no exchange for ${mechanism}: ${made.refusal}`);
  const ends = {
    client: made.value,
    server: serverExchange(mechanism, {
      channelBinding,
      certificate,
      nonce: serverNonce,
      plusAnnounced: true,
    }),
  };
  const initial = ends.client.start();
  const client: (string | null)[] = [initial === null ? null : formatBase64(initial)];
  const server: string[] = [];
  let step = ends.server.start(initial);
  while (step.step !== 'done') {
    if (step.step === 'failed') throw new Error(`${mechanism} fails with itself: ${step.why.why}`);
    if (step.step === 'ask') {
      step = decided(ends.server, step.question.ask);
      continue;
    }
    server.push(formatBase64(step.challenge));
    const response = ends.client.respond(step.challenge);
    if (!response.ok) throw new Error(`${mechanism} does not understand itself: ${response.refusal}`);
    client.push(formatBase64(response.value));
    step = ends.server.respond(response.value);
  }
  return { client, server };
}

function decided(server: ServerExchange, ask: string): ReturnType<ServerExchange['decide']> {
  if (ask !== 'scram-keys') return server.decide({ verdict: 'login', account });
  return server.decide({ verdict: 'scram-keys', keys: scramKeys(new Secret(password), salt, 4096) });
}

export const recorded: ReadonlyMap<Mechanism, Recorded> = new Map(
  mechanisms.map((mechanism) => [mechanism, record(mechanism)]),
);
