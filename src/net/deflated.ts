import { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';

/**
 * Bounds of a compressed connection. Its memory is zlib's, some 150 KiB whatever comes, and a piece of either direction; what
 * comes out is handed on piece by piece, and no more is made of it while nobody takes it.
 */
const bounds = {
  /** Octets of a piece that comes out. */
  chunkBytes: 8192,
  /** A window of 8 KiB and small tables: a quarter of the usual memory, and responses are as alike as they were. */
  windowBits: 13,
  memLevel: 6,
  level: 3,
  /** What comes out may be so much, and besides so many times what came in: commands repeat themselves, and not as often. */
  freeBytes: 1_048_576,
  ratio: 100,
} as const;

/** Of what comes out, octets that are bounded elsewhere, and the end of one who sends far too much. */
export type Inflation = {
  /** So many octets may come out besides: those of letters that were let in, which may be as alike as they want. */
  readonly exemptBytes: () => number;
  /** Nothing more comes out after this. */
  readonly swollen: () => void;
};

/**
 * The connection inside another one: everything is compressed with DEFLATE, in both directions (RFC 4978 section 3, RFC 1951).
 * What is said is flushed, so that it arrives. What came is no DEFLATE: `error`. It ends, and is gone, with the other one; and the
 * other one ends and is destroyed with it.
 */
export function deflated(socket: Duplex, { exemptBytes, swollen }: Inflation): Duplex {
  const { chunkBytes: chunkSize, windowBits, memLevel, level } = bounds;
  const inflate = createInflateRaw({ chunkSize, finishFlush: constants.Z_SYNC_FLUSH });
  const deflate = createDeflateRaw({ chunkSize, windowBits, memLevel, level });
  let inflatedBytes = 0;

  const inner = new Duplex({
    // The end of the other one is when everything has gone out.
    autoDestroy: false,
    read: () => void inflate.resume(),
    write: (chunk: Buffer, _, done) => say([chunk], done),
    writev: (chunks, done) =>
      say(
        chunks.map(({ chunk }) => chunk as Buffer),
        done,
      ),
    final: (done) => {
      deflate.once('end', () => socket.end(done));
      deflate.end();
    },
    destroy: (error, done) => {
      inflate.destroy();
      deflate.destroy();
      socket.destroy();
      done(error);
    },
  });

  const say = (chunks: readonly Buffer[], done: (error?: Error | null) => void): void => {
    for (const chunk of chunks) deflate.write(chunk);
    deflate.flush(constants.Z_SYNC_FLUSH, () => done());
  };
  deflate.on('data', (piece: Buffer) => {
    if (!socket.write(piece)) deflate.pause();
  });
  socket.on('drain', () => deflate.resume());

  socket.on('data', (chunk: Buffer) => {
    if (!inflate.write(chunk)) socket.pause();
  });
  inflate.on('drain', () => socket.resume());
  inflate.on('data', (piece: Buffer) => {
    inflatedBytes += piece.length;
    if (inflatedBytes > bounds.freeBytes + inflate.bytesWritten * bounds.ratio + exemptBytes()) {
      // Nobody looks at the rest of it.
      socket.pause();
      inflate.destroy();
      swollen();
    } else if (!inner.push(piece)) inflate.pause();
  });
  inflate.on('end', () => void inner.push(null));
  socket.on('end', () => void inflate.end());

  const gone = (error?: Error): void => void inner.destroy(error);
  for (const part of [inflate, deflate, socket]) part.on('error', gone);
  socket.on('close', () => gone());
  socket.resume();
  return inner;
}
