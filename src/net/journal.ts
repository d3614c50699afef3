/** What an event carries: plain values, no secrets. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where doors and drivers tell what happened: one call, one line. `event` is a dotted name, `smtp.login`. */
export interface Journal {
  debug(event: string, fields: Fields): void;
  info(event: string, fields: Fields): void;
  warn(event: string, fields: Fields): void;
  error(event: string, fields: Fields): void;
}
