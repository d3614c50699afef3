/**
 * How many rounds a test plays: a few with all the other tests, and of those that LETTERLOCK_ROUNDS asks for its share.
 */
export function roundsOf({ all, short }: { readonly all: number; readonly short: number }): number {
  const asked = process.env['LETTERLOCK_ROUNDS'];
  return asked === undefined ? short : Math.ceil(Number(asked) * all);
}
