/** Where time comes from. Everything that needs the time takes one of these, so that a test can stand still. */
export type Clock = {
  /** Milliseconds since 1970, as the machine's calendar has it; may jump when the machine's time is set. */
  now(): number;
  /** Milliseconds since some moment of this process; never goes back. For durations and time limits. */
  monotonic(): number;
};

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** A clock that stands still at `atMs` (milliseconds since 1970) until it is moved; for tests. */
export function stoppedClock(atMs: number): Clock & { advance(byMs: number): void } {
  let elapsedMs = 0;
  return {
    now: () => atMs + elapsedMs,
    monotonic: () => elapsedMs,
    advance(byMs: number): void {
      elapsedMs += byMs;
    },
  };
}
