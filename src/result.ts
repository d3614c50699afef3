/**
 * The outcome of something that the caller must look at: a value, or one of a closed union of refusals.
 * Faults (bugs, full disks) are never a Result; they are thrown, with `cause`.
 */
export type Result<Value, Refusal extends string | { readonly why: string }> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

/** A successful outcome. */
export const ok = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({
  ok: true,
  value,
});

/** A refused outcome; `refusal` is one word of the closed union that the caller switches over. */
export const refused = <Refusal extends string | { readonly why: string }>(
  refusal: Refusal,
): { readonly ok: false; readonly refusal: Refusal } => ({ ok: false, refusal });

/** A value now or later: what a port gives whose implementations may answer from memory or over a network. */
export type Eventually<Value> = Value | Promise<Value>;

/** Goes on with a value: at once where it is there, so that nobody waits a turn for what was in memory. */
export const whenThere = <Value, Next>(
  value: Eventually<Value>,
  goOn: (value: Value) => Eventually<Next>,
): Eventually<Next> => (value instanceof Promise ? value.then(goOn) : goOn(value));
