import type { SQLOutputValue, StatementSync } from 'node:sqlite';

/** One row as an array of columns. */
export type Row = readonly SQLOutputValue[];

/** The first row of a statement that was prepared with `returnArrays`. */
export const firstRow = (
  rows: StatementSync,
  ...parameters: (string | number | bigint | Uint8Array)[]
): Row | undefined => rows.get(...parameters) as unknown as Row | undefined;

/** All rows of a statement that was prepared with `returnArrays`. */
export const allRows = (
  rows: StatementSync,
  ...parameters: (string | number | bigint | Uint8Array)[]
): readonly Row[] => rows.all(...parameters) as unknown as readonly Row[];

const unexpected = (wanted: string, value: unknown): Error =>
  new TypeError(
    `the database holds ${value === undefined ? 'no value' : typeof value} where ${wanted} belongs`,
  );

/** A column that holds an integer below 2^53. */
export const integer = (value: SQLOutputValue | undefined): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw unexpected('an integer', value);
};

/** A column that holds an integer of 64 bits; its statement is prepared with `readBigInts`. */
export const bigInteger = (value: SQLOutputValue | undefined): bigint => {
  if (typeof value === 'bigint') return value;
  throw unexpected('a 64-bit integer', value);
};

export const text = (value: SQLOutputValue | undefined): string => {
  if (typeof value === 'string') return value;
  throw unexpected('text', value);
};

export const bytes = (value: SQLOutputValue | undefined): Uint8Array => {
  if (value instanceof Uint8Array) return value;
  throw unexpected('bytes', value);
};
