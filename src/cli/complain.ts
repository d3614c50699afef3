import { HouseRefused } from '../app/house.ts';
import { StoreFault } from '../store/fault.ts';
import { Interrupted } from './ask-secret.ts';
import { defused } from './menu/defused.ts';

/** The exit status of a program that Ctrl-C ended: 128 and the number of SIGINT. */
export const interruptedStatus = 130;

/**
 * Runs a command's action. What a person must change is one line on stderr and exit status 1; Ctrl-C at a question is
 * status 130 without a word; anything else is a fault and shows its stack.
 */
export async function complain(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Interrupted) {
      process.exitCode = interruptedStatus;
      return;
    }
    const what = explainFailure(error);
    if (what === null) throw error;
    process.stderr.write(`letterlock: ${what}\n`);
    process.exitCode = 1;
  }
}

/** What the system says no with, for people; any other code is told in the system's words. */
const systemRefusals: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'what should be a folder on the way is none'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'this user is not permitted to do that'],
  ['EPERM', 'this user is not permitted to do that'],
  ['EMFILE', 'this process has too many files open'],
  ['ENFILE', 'the system has too many files open'],
  ['EIO', 'the disk failed'],
]);

/** The words for an error that a person can do something about; null for a fault of the program's own. */
export function explainFailure(error: unknown): string | null {
  if (error instanceof HouseRefused) return error.message;
  if (error instanceof StoreFault) return isFault(error.cause) ? null : onOneLine(error.message);
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return null;
  const words = systemRefusals.get(String(error.code));
  if (words === undefined) return onOneLine(error.message);
  const where = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';
  return onOneLine(`${where}${words} (${String(error.code)}, ${String(error.syscall)})`);
}

const isFault = (cause: unknown): boolean =>
  [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => cause instanceof kind);

const onOneLine = (text: string): string => defused(text.split(/[\r\n]+/, 1)[0] ?? '');

/** A port given on the command line; throws `HouseRefused` where it is none. Port 0 takes a free one. */
export function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535)
    throw new HouseRefused(`${JSON.stringify(text)} is no port: give a number from 0 to 65535`);
  return port;
}
