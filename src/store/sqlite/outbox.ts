import { isMarkedAsUntransferable } from 'node:worker_threads';
import type { PackedDelivery, Write } from './write.ts';

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
  const small: Uint8Array[] = [];
  let sizeBytes = 0;
  const note = (bytes: Uint8Array): void => {
    small.push(bytes);
    sizeBytes += bytes.byteLength;
  };
  for (const write of writes) {
    if (write.do !== 'deliver') continue;
    for (const { chunks, recipients } of write.deliveries) {
      for (const chunk of chunks) if (!mayMove(chunk as Uint8Array<ArrayBuffer>)) note(chunk);
      for (const { prefix } of recipients) note(prefix);
    }
  }
  return writes.some((write) => write.do === 'deliver') ? copied(writes, sizeBytes) : { writes, move: [] };
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
  const packed = (delivery: PackedDelivery): PackedDelivery => {
    const chunks = delivery.chunks.map((chunk) => {
      const own = chunk as Uint8Array<ArrayBuffer>;
      if (!mayMove(own)) return put(chunk);
      move.add(own.buffer);
      return chunk;
    });
    const recipients = delivery.recipients.map((recipient) => ({
      ...recipient,
      prefix: put(recipient.prefix),
    }));
    return { ...delivery, chunks, recipients };
  };
  const moved = writes.map((write): Write =>
    write.do === 'deliver' ? { ...write, deliveries: write.deliveries.map(packed) } : write,
  );
  return { writes: moved, move: [...move] };
};
