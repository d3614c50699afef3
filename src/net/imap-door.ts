import type { Door } from './door.ts';
import { ImapConversation, notEntered, type ImapHouse } from './imap-conversation.ts';
import { openSessionDoor, type SessionDoorParts } from './session-door.ts';
import type { CertificateSource } from './tls/contexts.ts';

export type ImapDoorParts = Pick<SessionDoorParts, 'name' | 'place' | 'gate'> & {
  readonly house: ImapHouse;
  readonly certificates: CertificateSource;
};

/** Opens a door of IMAP, with TLS from the first byte. Rejects with Node's error where the place cannot be listened at. */
export function openImapDoor({ house, ...parts }: ImapDoorParts): Promise<Door> {
  return openSessionDoor({
    ...parts,
    tls: 'implicit',
    journal: house.journal,
    farewell: notEntered,
    converse: (arrival) => new ImapConversation({ ...arrival, house }),
  });
}
