import { Random } from './random.ts';

/** How bytes are cut: the sizes of the pieces, again and again. */
export type Cut = readonly number[];

export const atOnce: Cut = [Infinity];
export const octets: Cut = [1];

/** Pieces of a few octets among larger ones. */
export function anyhow(seed: number): Cut {
  const random = new Random(seed ^ 0x5eed);
  return Array.from({ length: 12 }, () => 1 + random.below(random.onceIn(3) ? 4 : 400));
}

/** Cuts bytes into pieces, each in memory of its own: so that a view which is kept too long is seen. */
export class Cutter {
  readonly #cut: Cut;
  #next = 0;

  constructor(cut: Cut) {
    this.#cut = cut;
  }

  *pieces(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length;) {
      const size = Math.min(this.#cut[this.#next % this.#cut.length] ?? 1, bytes.length - at);
      this.#next += 1;
      const piece = Buffer.allocUnsafeSlow(size);
      bytes.copy(piece, 0, at);
      yield piece;
      at += size;
    }
  }
}
