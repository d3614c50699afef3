/** Where a letter lies: by mailbox, its keywords there with spaces between. In none: it was removed. */
export type Places = Readonly<Record<number, string>>;

/** What somebody calls a mailbox, and what it stands in. */
export type Box = { readonly name: string; readonly parent: number | null };

/** What a write makes of one thing where it is carried out. */
export type Effect =
  | { readonly of: 'letter'; readonly account: number; readonly letter: number; readonly after: Places }
  | {
      readonly of: 'new letter';
      readonly account: number;
      /** Whoever sees the letter knows it by that. */
      readonly subject: string;
      readonly hash: string;
      readonly after: Places;
    }
  | {
      readonly of: 'mailbox';
      readonly account: number;
      readonly mailbox: number;
      readonly after: Box | null;
    }
  | { readonly of: 'new mailbox'; readonly account: number; readonly after: Box }
  | { readonly of: 'new entry'; readonly destination: string }
  | { readonly of: 'entry'; readonly destination: string };

/** A write that somebody began: all of its effects come true, or none. */
export type Attempt = {
  readonly effects: readonly Effect[];
  readonly begunAt: number;
  /** When it was answered; null where it never was. */
  doneAt: number | null;
  /** The number of the mailbox that it made. */
  mailbox: number | null;
};

/** A backup that was made while others wrote. */
export type MadeBackup = {
  readonly target: string;
  /** The name of its manifest. */
  readonly name: string;
  readonly begunAt: number;
  readonly doneAt: number;
};

/** What a process tells, a line each: that it is ready, that all is still, what it begins, and what is done. */
export type Word =
  | { readonly is: 'open'; readonly ports: Readonly<Record<string, number>> }
  | { readonly is: 'still' }
  | {
      readonly is: 'begun';
      readonly attempt: number;
      readonly at: number;
      readonly effects: readonly Effect[];
    }
  | { readonly is: 'done'; readonly attempt: number; readonly at: number; readonly mailbox: number | null }
  | { readonly is: 'backup'; readonly backup: MadeBackup };

/** What a process is told: to open the folder, to write until it is told to be still. */
export type Order =
  | { readonly order: 'open' }
  | { readonly order: 'work'; readonly keptSince: number; readonly backUpTo: string | null }
  | { readonly order: 'be still' };

/** Microseconds on a clock that all processes of the machine share and that only goes forward. */
export const moment = (): number => Number(process.hrtime.bigint() / 1000n);
