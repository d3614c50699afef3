import { formatReply, say, type Reply } from '../pop3/reply.ts';
import type { Door } from './door.ts';
import type { NotEntered } from './entrance.ts';
import { Pop3Conversation, type Pop3House } from './pop3-conversation.ts';
import { openSessionDoor, type DoorTls, type SessionDoorParts } from './session-door.ts';

/** Where TLS is `none`, nobody can log in. */
export type Pop3DoorParts = DoorTls &
  Pick<SessionDoorParts, 'name' | 'place' | 'gate'> & { readonly house: Pop3House };

/** Opens a door of POP3. Rejects with Node's error where the place cannot be listened at. */
export function openPop3Door({ house, ...parts }: Pop3DoorParts): Promise<Door> {
  return openSessionDoor({
    ...parts,
    journal: house.journal,
    farewell: (why) => formatReply(farewell(why)),
    converse: (arrival) => new Pop3Conversation({ ...arrival, house }),
  });
}

function farewell(why: NotEntered): Reply {
  switch (why) {
    case 'no-proxy-header':
      return say.proxyFirst;
    case 'banned':
      return say.banned;
    case 'too-many':
      return say.tooManyConnections;
    case 'too-many-from-address':
    case 'too-many-from-network':
      return say.tooManyFromNetwork;
    case 'too-fast':
      return say.tooFast;
  }
}
