import type { AddressListItem, ListedMailbox } from './address-list.ts';
import { CompactReader, CompactWriter } from './compact.ts';
import type { Envelope } from './envelope.ts';
import type { Parameter } from './parameters.ts';
import type { ParsedLetter } from './letter-parser.ts';
import type { MimePart, PartContent } from './structure.ts';

/** What is stored beside a letter in one piece. */
export type StoredStructure = Pick<ParsedLetter, 'structure' | 'envelope' | 'preview' | 'hasAttachment'>;

/** The form's number stands first, so that a later form can be told from this one. */
const VERSION = 3;

/** Writes it for `decodeStructure`, the version in the first octet; most letters take 200 to 500. */
export const encodeStructure = (stored: StoredStructure): Uint8Array<ArrayBuffer> => {
  const { structure, envelope, preview, hasAttachment } = stored;
  const writer = new CompactWriter();
  writeEnvelope(writer, envelope);
  writer.number(hasAttachment ? 1 : 0);
  writer.text(preview);
  writePart(writer, structure, 0);
  return writer.take(VERSION);
};

/**
 * Reads what `encodeStructure` wrote; null where it is of another version, and has to be computed anew. A fault where it
 * is damaged.
 */
export const decodeStructure = (bytes: Uint8Array): StoredStructure | null => {
  if (bytes[0] !== VERSION) return null;
  const reader = new CompactReader(bytes);
  const envelope = readEnvelope(reader);
  const hasAttachment = reader.number() === 1;
  return { envelope, hasAttachment, preview: reader.certainText(), structure: readPart(reader, 0) };
};

/** Whether `decodeStructure` reads it. */
export const isCurrentStructure = (bytes: Uint8Array): boolean => bytes[0] === VERSION;

/** As `decodeStructure`, for who needs the envelope only. */
export const decodeEnvelope = (bytes: Uint8Array): Envelope | null =>
  bytes[0] === VERSION ? readEnvelope(new CompactReader(bytes)) : null;

const writeEnvelope = (writer: CompactWriter, envelope: Envelope): void => {
  writer.text(envelope.date);
  writer.text(envelope.subject);
  writeAddresses(writer, envelope.from);
  writeAddresses(writer, envelope.sender);
  writeAddresses(writer, envelope.replyTo);
  writeAddresses(writer, envelope.to);
  writeAddresses(writer, envelope.cc);
  writeAddresses(writer, envelope.bcc);
  writer.text(envelope.inReplyTo);
  writer.text(envelope.messageId);
  writer.text(envelope.references);
};

const readEnvelope = (reader: CompactReader): Envelope => ({
  date: reader.text(),
  subject: reader.text(),
  from: readAddresses(reader),
  sender: readAddresses(reader),
  replyTo: readAddresses(reader),
  to: readAddresses(reader),
  cc: readAddresses(reader),
  bcc: readAddresses(reader),
  inReplyTo: reader.text(),
  messageId: reader.text(),
  references: reader.text(),
});

/** What stands before a member of an address list. */
const [BARE_NAME, MAILBOX, GROUP] = [0, 1, 2] as const;

/** Null is 0, a list the number of its members and one. */
const writeAddresses = (writer: CompactWriter, items: readonly AddressListItem[] | null): void => {
  writer.number(items === null ? 0 : items.length + 1);
  for (const item of items ?? []) {
    if (item.is === 'mailbox') {
      writeMailbox(writer, item);
      continue;
    }
    writer.number(GROUP);
    writer.text(item.name);
    writer.number(item.members.length);
    for (const member of item.members) writeMailbox(writer, member);
  }
};

const writeMailbox = (writer: CompactWriter, { name, address }: ListedMailbox): void => {
  writer.number(address === null ? BARE_NAME : MAILBOX);
  writer.text(name);
  if (address === null) return;
  writer.text(address.localPart);
  writer.text(address.domain);
};

const readAddresses = (reader: CompactReader): readonly AddressListItem[] | null => {
  const count = reader.number();
  if (count === 0) return null;
  return times(count - 1, () => {
    const kind = reader.number();
    if (kind !== GROUP) return readMailbox(reader, kind);
    const name = reader.certainText();
    return { is: 'group', name, members: times(reader.number(), () => readMailbox(reader, reader.number())) };
  });
};

const readMailbox = (reader: CompactReader, kind: number): ListedMailbox => {
  const name = reader.text();
  if (kind !== MAILBOX) return { is: 'mailbox', name, address: null };
  return {
    is: 'mailbox',
    name,
    address: { localPart: reader.certainText(), domain: reader.certainText() },
  };
};

/** A damaged count fails at the first member that is missing, before it takes memory. */
const times = <Item>(count: number, read: () => Item): Item[] => {
  const items: Item[] = [];
  for (let done = 0; done < count; done++) items.push(read());
  return items;
};

/** What stands behind a part: nothing, a letter, or so many parts and one. */
const [LEAF, MESSAGE] = [0, 1] as const;

/** Places are written as distances from `from`, where the part before it ends or what it is in begins. */
const writePart = (writer: CompactWriter, part: MimePart, from: number): void => {
  const { headerStart, bodyStart, bodyEnd, content, disposition } = part;
  writer.number(headerStart - from);
  writer.number(bodyStart - headerStart);
  writer.number(bodyEnd - bodyStart);
  writer.number(part.lines);
  writer.number(bodyEnd - bodyStart - part.decodedBytes);
  writer.text(part.type);
  writer.text(part.subtype);
  writeParameters(writer, part.parameters);
  writer.text(part.encoding);
  writer.text(part.id);
  writer.text(part.description);
  writer.text(part.md5);
  writer.text(disposition?.type ?? null);
  if (disposition !== null) writeParameters(writer, disposition.parameters);
  writer.number(part.language.length);
  for (const tag of part.language) writer.text(tag);
  writer.text(part.location);
  writeContent(writer, content, bodyStart);
};

const writeContent = (writer: CompactWriter, content: PartContent, from: number): void => {
  if (content.is === 'leaf') writer.number(LEAF);
  else if (content.is === 'message') {
    writer.number(MESSAGE);
    writeEnvelope(writer, content.envelope);
    writePart(writer, content.letter, from);
  } else {
    writer.number(MESSAGE + content.parts.length);
    let before = from;
    for (const part of content.parts) {
      writePart(writer, part, before);
      before = part.bodyEnd;
    }
  }
};

const readPart = (reader: CompactReader, from: number): MimePart => {
  const headerStart = from + reader.number();
  const bodyStart = headerStart + reader.number();
  const bodyEnd = bodyStart + reader.number();
  return {
    headerStart,
    bodyStart,
    bodyEnd,
    lines: reader.number(),
    decodedBytes: bodyEnd - bodyStart - reader.number(),
    type: reader.certainText(),
    subtype: reader.certainText(),
    parameters: readParameters(reader),
    encoding: reader.certainText(),
    id: reader.text(),
    description: reader.text(),
    md5: reader.text(),
    disposition: readDisposition(reader),
    language: times(reader.number(), () => reader.certainText()),
    location: reader.text(),
    content: readContent(reader, bodyStart),
  };
};

const readDisposition = (reader: CompactReader): MimePart['disposition'] => {
  const type = reader.text();
  return type === null ? null : { type, parameters: readParameters(reader) };
};

const readContent = (reader: CompactReader, from: number): PartContent => {
  const kind = reader.number();
  if (kind === LEAF) return { is: 'leaf' };
  if (kind === MESSAGE)
    return { is: 'message', envelope: readEnvelope(reader), letter: readPart(reader, from) };
  let before = from;
  const parts = times(kind - MESSAGE, () => {
    const part = readPart(reader, before);
    before = part.bodyEnd;
    return part;
  });
  return { is: 'multipart', parts };
};

const writeParameters = (writer: CompactWriter, parameters: readonly Parameter[]): void => {
  writer.number(parameters.length);
  for (const { name, value } of parameters) {
    writer.text(name);
    writer.text(value);
  }
};

const readParameters = (reader: CompactReader): readonly Parameter[] =>
  times(reader.number(), () => ({ name: reader.certainText(), value: reader.certainText() }));
