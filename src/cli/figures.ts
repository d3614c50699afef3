import { HouseRefused } from '../app/house.ts';

/** `5.0 GiB`, `812 B`: a number of bytes for people. */
export function shownBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** `1 letter`, `2 letters`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const powers: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['K', 1024],
  ['M', 1024 ** 2],
  ['G', 1024 ** 3],
  ['T', 1024 ** 4],
]);

/** `5G`, `500M`, `1000` in bytes, K being 1,024; null for `none`. Throws `HouseRefused` for anything else. */
export function parseBytes(text: string): number | null {
  if (text === 'none') return null;
  const [, count = '', unit = ''] = /^([0-9]{1,15})([KMGT]?)$/.exec(text.toUpperCase()) ?? [];
  const bytes = count === '' ? NaN : Number(count) * (powers.get(unit) ?? NaN);
  if (!Number.isSafeInteger(bytes))
    throw new HouseRefused(
      `${JSON.stringify(text)} is no number of bytes: give 1000, 500K, 20M, 5G, 1T or none`,
    );
  return bytes;
}

/** A whole number; null for `none`. Throws `HouseRefused` for anything else. */
export function parseCount(text: string): number | null {
  if (text === 'none') return null;
  if (!/^[0-9]{1,15}$/.test(text))
    throw new HouseRefused(`${JSON.stringify(text)} is no number: give a whole number or none`);
  return Number(text);
}
