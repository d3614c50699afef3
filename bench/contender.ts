import type { Turn } from './measure.ts';
import type { Say } from './wire.ts';

/** Somebody whose code does a part of the work that is measured, without sockets. */
export type Contender = {
  readonly name: string;
  /** Whole transactions: EHLO was said (and AUTH where there is one), MAIL may come. */
  readonly transactions: Part<() => Promise<Say>>;
  /** The lines of MAIL and RCPT, from bytes to addresses and parameters. */
  readonly commands: Part<(mail: Buffer, rcpt: Buffer) => Turn>;
  /** The content of DATA: a chunk and another, none of which ends it. */
  readonly bodies: Part<() => Promise<(chunk: Buffer) => void | Promise<void>>>;
};

/** A part of the work, and which share of it this contender's code does. */
export type Part<Open> = { readonly does: string; readonly open: Open };
