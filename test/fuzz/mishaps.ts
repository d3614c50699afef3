import type { Random } from './random.ts';

/** A few octets of any kind, as latin1 text. */
export function rawBytes(random: Random): string {
  let bytes = '';
  for (let count = 1 + random.below(40); count > 0; count -= 1)
    bytes += String.fromCharCode(random.below(256));
  return bytes;
}

/** One of the usual mishaps: an octet lost, changed, something put in, a stretch said twice, or the end lost. */
export function mutated(random: Random, text: string, hostile: readonly string[]): string {
  const at = random.below(text.length + 1);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + random.pick(hostile) + text.slice(at);
    case 3:
      return text.slice(0, at) + text.slice(Math.max(0, at - 1 - random.below(20)));
    default:
      return text.slice(0, at);
  }
}
