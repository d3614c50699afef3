import { formatReply, say } from '../smtp/reply.ts';
import { refusalReply } from '../smtp/server/verdicts.ts';
import type { Door } from './door.ts';
import { openSessionDoor, type DoorTls, type SessionDoorParts } from './session-door.ts';
import { SmtpConversation, type SmtpHouse } from './smtp-conversation.ts';

/** Where TLS is `none`, the house's settings must not offer STARTTLS. */
export type SmtpDoorParts = DoorTls &
  Pick<SessionDoorParts, 'name' | 'place' | 'gate'> & { readonly house: SmtpHouse };

/** Opens a door of SMTP or LMTP. Rejects with Node's error where the place cannot be listened at. */
export function openSmtpDoor({ house, ...parts }: SmtpDoorParts): Promise<Door> {
  return openSessionDoor({
    ...parts,
    journal: house.journal,
    farewell: (why) => formatReply(why === 'no-proxy-header' ? say.proxyFirst : refusalReply({ why })),
    converse: (arrival) => new SmtpConversation({ ...arrival, house }),
  });
}
