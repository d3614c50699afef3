const SQLITE_BUSY = 5;

/** Whether SQLite refused something because another connection has the lock. */
export const isBusy = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & 0xff) === SQLITE_BUSY;
