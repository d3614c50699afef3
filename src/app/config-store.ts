import { z } from 'zod';

const hourMs = 60 * 60 * 1000;
const unitsMs: ReadonlyMap<string, number> = new Map([
  ['h', hourMs],
  ['d', 24 * hourMs],
  ['w', 7 * 24 * hourMs],
  ['y', 365 * 24 * hourMs],
]);

/** The keys of `[store]`. */
export function storeKeys() {
  const length = (value: string) =>
    z
      .string()
      .refine((text) => lengthMs(text) !== null, {
        error: 'expected a length of time, as "12h", "30d", "2w" or "1y"',
      })
      .default(value);
  return z
    .strictObject({
      keep_removed: length('30d').describe(
        'Letters that were removed from every mailbox are kept so long, and "letterlock undelete" puts them back; "0d" lets go of them soon.',
      ),
      keep_tombstones: length('90d').describe(
        'Clients that were away for so long still learn what was removed meanwhile; after that they begin anew.',
      ),
      compression: z
        .enum(['none', 'zstd'])
        .default('none')
        .describe(
          'How letters of 1 KiB to 1 MiB that come in are kept; "zstd" takes about half the disk and more of the processor. What is there stays as it is.',
        ),
    })
    .prefault({})
    .describe('How long what is gone is remembered, and how letters are kept.');
}

/** The same in milliseconds. */
export const retentionOf = (keys: z.output<ReturnType<typeof storeKeys>>): RetentionLengths => ({
  removedMs: lengthMs(keys.keep_removed) ?? 0,
  tombstonesMs: lengthMs(keys.keep_tombstones) ?? 0,
});

/** How long letters without a mailbox, and the word of what was removed, are kept. */
export type RetentionLengths = { readonly removedMs: number; readonly tombstonesMs: number };

function lengthMs(text: string): number | null {
  const [, count = '', unit = ''] = /^(0|[1-9][0-9]{0,3})([hdwy])$/.exec(text) ?? [];
  const unitMs = unitsMs.get(unit);
  return unitMs === undefined ? null : Number(count) * unitMs;
}
