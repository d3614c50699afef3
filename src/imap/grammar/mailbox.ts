import type { Scanner } from '../scanner.ts';

// mailbox = "INBOX" / astring        ; INBOX is case-insensitive                 (RFC 9051 section 9)
/** A mailbox's name as the client wrote it; what it means depends on what the session has enabled. */
export const mailbox = (scan: Scanner): string => scan.astring();
