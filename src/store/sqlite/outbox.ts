import { isMarkedAsUntransferable } from 'node:worker_threads';
import type { LetterWrite, Write } from './write.ts';

/** A chunk at least this large is moved with its buffer; copying a smaller one costs less than moving it. */
const MOVE_FROM_BYTES = 64 * 1024;

const mayMove = (chunk: Uint8Array<ArrayBuffer>): boolean =>
  chunk.byteLength >= MOVE_FROM_BYTES &&
  chunk.byteLength === chunk.buffer.byteLength &&
  !isMarkedAsUntransferable(chunk.buffer);

/** A message as it is posted: `move` is its transfer list. */
export type Parcel = { readonly writes: readonly Write[]; readonly move: readonly ArrayBuffer[] };

/**
 * The bytes of the writes of one turn, gathered so that few buffers cross: all small chunks and prefixes are copied into
 * one buffer that is moved, large chunks are moved as they are. A view of a shared buffer (Node's `Buffer` pool) is
 * always copied, because moving its buffer would take the bytes of strangers along.
 */
export const pack = (writes: readonly Write[]): Parcel => {
  let sizeBytes = 0;
  const note = (bytes: Uint8Array): void => {
    sizeBytes += bytes.byteLength;
  };
  for (const write of writes) {
    for (const letter of lettersOf(write)) {
      for (const chunk of letter.chunks) if (!mayMove(chunk as Uint8Array<ArrayBuffer>)) note(chunk);
      if (letter.parsed !== null) note(letter.parsed);
      note(letter.threadKeys);
    }
    for (const { prefix } of prefixesOf(write)) note(prefix);
  }
  return writes.some((write) => lettersOf(write).length > 0)
    ? copied(writes, sizeBytes)
    : { writes, move: [] };
};

const copied = (writes: readonly Write[], sizeBytes: number): Parcel => {
  // Not zeroed and not from the pool: it is filled to its end here, and moved.
  const box = Buffer.allocUnsafeSlow(sizeBytes);
  const move = new Set<ArrayBuffer>([box.buffer]);
  let at = 0;
  const put = (bytes: Uint8Array): Uint8Array => {
    box.set(bytes, at);
    const view = new Uint8Array(box.buffer, at, bytes.byteLength);
    at += bytes.byteLength;
    return view;
  };
  const putLetter = <Letter extends LetterWrite>(letter: Letter): Letter => ({
    ...letter,
    chunks: letter.chunks.map((chunk) => {
      const own = chunk as Uint8Array<ArrayBuffer>;
      if (!mayMove(own)) return put(chunk);
      move.add(own.buffer);
      return chunk;
    }),
    parsed: letter.parsed === null ? null : put(letter.parsed),
    threadKeys: put(letter.threadKeys),
  });
  const putPrefix = <Owner extends { readonly prefix: Uint8Array }>(owner: Owner): Owner => ({
    ...owner,
    prefix: put(owner.prefix),
  });
  const moved = writes.map((write): Write => {
    if (write.do === 'enqueue')
      return { ...write, letter: putLetter(write.letter), entries: write.entries.map(putPrefix) };
    if (write.do !== 'deliver') return write;
    const deliveries = write.deliveries.map((delivery) => ({
      ...putLetter(delivery),
      recipients: delivery.recipients.map(putPrefix),
    }));
    return { ...write, deliveries };
  });
  return { writes: moved, move: [...move] };
};

const lettersOf = (write: Write): readonly LetterWrite[] => {
  if (write.do === 'enqueue') return [write.letter];
  return write.do === 'deliver' ? write.deliveries : [];
};

const prefixesOf = (write: Write): readonly { readonly prefix: Uint8Array }[] => {
  if (write.do === 'enqueue') return write.entries;
  return write.do === 'deliver' ? write.deliveries.flatMap(({ recipients }) => recipients) : [];
};
