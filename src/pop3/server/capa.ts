import { offeredMechanisms } from '../../sasl/mechanisms.ts';
import { pop3Capabilities } from '../capabilities.ts';
import { say } from '../reply.ts';
import { offerOf } from './login.ts';
import { stay, type Context, type Handler } from './stage.ts';

/** CAPA (RFC 2449 section 5). */
export const capa: Handler<{ verb: 'CAPA' }> = (_, stage, context) =>
  stay(stage, say.capabilities(announced(context)));

/** The capabilities that hold on this connection as it is now, with their arguments. */
const announced = (context: Context): readonly string[] =>
  pop3Capabilities.flatMap(({ capability }) => announcement(capability, context) ?? []);

function announcement(capability: string, { settings, secured }: Context): string | null {
  switch (capability) {
    case 'STLS':
      return secured === null && settings.startTls ? capability : null;
    case 'UTF8':
      // Names and passwords are taken in UTF-8 with or without the command (RFC 6856 section 2.2).
      return secured === null ? null : 'UTF8 USER';
    case 'USER':
      return secured === null ? null : capability;
    case 'SASL':
      return secured === null ? null : `SASL ${offeredMechanisms(offerOf(secured, settings)).join(' ')}`;
    case 'EXPIRE':
      // Nothing is removed but what a session removes.
      return 'EXPIRE NEVER';
    case 'IMPLEMENTATION':
      return 'IMPLEMENTATION Letterlock';
    default:
      return capability;
  }
}
