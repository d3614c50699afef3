import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { makeGround, type Ground } from './foreign-ground.ts';
import { succeed } from './programs.ts';

/*
 * Mail servers and proxies by others, unpacked from Debian's packages by unpack-servers.sh and run in a mount namespace, where they
 * see their own files laid over the machine's, users of their own, and no DNS. Nothing is installed, no service is
 * started, and a server of the kind that the machine may have is neither used nor disturbed.
 */

/** The servers that there are. */
export type ForeignName = 'postfix' | 'exim' | 'dovecot' | 'haproxy' | 'nginx' | 'opensmtpd';

/** A server that runs. */
export type ForeignServer = Ground & {
  /** The first line of its log that fits, there or still to come; rejects where the server ends without it. */
  logged(fits: RegExp): Promise<string>;
  /** Runs one of its programs, which has to succeed, with this on its standard input. */
  run(program: string, args: readonly string[], input?: string): Promise<string>;
  /** The new letters of a Maildir in its folder, byte by byte as they are kept. */
  letters(maildir: string): readonly string[];
};

/** How a server is started: its command, and the line of its log that says that it listens. */
export type Starting = { readonly command: readonly string[]; readonly listens: RegExp };

const unpacked =
  process.env['LETTERLOCK_SERVERS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'letterlock', 'servers');

/** Why the server cannot run here; null where it can. */
export function missing(name: ForeignName): string | null {
  if (process.getuid?.() !== 0) return 'only root can run it beside what is installed';
  return existsSync(join(unpacked, name, 'complete')) ? null : 'it is not unpacked (`make servers` does it)';
}

/** Whether the server can run here. Where not, the test is skipped with the reason, but under CI it fails. */
export function machineRuns(t: TestContext, name: ForeignName): boolean {
  const why = missing(name);
  if (why === null) return true;
  assert.equal(process.env['CI'], undefined, `${name} must run under CI: ${why}`);
  t.skip(`${name}: ${why}`);
  return false;
}

/** Lays the server's files and names over the machine's, and runs what follows. */
const enter = `
set -e
mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr
mount -t overlay overlay -o "lowerdir=$2/etc:$1/etc:/etc" /etc
shift 2`;

/** The first process of a namespace, which is over, with all that is in it, when the server or standard input ends. */
const serve = `${enter}
exec 3<&0
tail -n +1 -f "$1" &
shift
"$@" 3<&- &
cat <&3 >/dev/null &
wait -n`;

/** A server that somebody has to stop. `pid` is the process that all its processes descend from. */
export type RunningForeignServer = ForeignServer & {
  readonly pid: number;
  /** Everything that it has logged so far. */
  allLogged(): string;
  /** Ends it with all its processes. */
  stop(): Promise<void>;
};

/** Starts a server on ground of its own, lets a test work with it, and ends it with all its processes. */
export async function withForeignServer(
  name: ForeignName,
  prepare: (ground: Ground) => Starting | Promise<Starting>,
  work: (server: ForeignServer) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), `letterlock-${name}.`));
  try {
    const server = await startForeignServer(name, folder, prepare);
    try {
      await work(server);
    } catch (error) {
      throw new Error(`${name} has logged:\n${server.allLogged()}`, { cause: error });
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a server on ground that is made in this folder, and waits until it listens. */
export async function startForeignServer(
  name: ForeignName,
  folder: string,
  prepare: (ground: Ground) => Starting | Promise<Starting>,
): Promise<RunningForeignServer> {
  const ground = await makeGround(folder);
  const { listens, command } = await prepare(ground);
  const root = join(unpacked, name);
  const log = new Log();
  const first = ['bash', '-c', serve, 'serve', root, folder, ground.log, ...command];
  const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', ...first]);
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => log.line(line));
  const ended = once(child, 'close').then(() => log.end());
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  try {
    await log.logged(listens);
  } catch (error) {
    await stop();
    throw new Error(`${name} has logged:\n${log.all()}`, { cause: error });
  }
  const { pid } = child;
  assert.ok(pid !== undefined, 'a server that has logged is a process');
  return {
    ...ground,
    pid,
    allLogged: () => log.all(),
    logged: (fits) => log.logged(fits),
    run: (program, args, input = '') =>
      succeed(
        'unshare',
        ['--mount', 'bash', '-c', `${enter}\nexec "$@"`, 'enter', root, folder, program, ...args],
        input,
      ),
    letters: (maildir) => lettersIn(join(folder, maildir, 'new')),
    stop,
  };
}

function lettersIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
}

/** How long a line of the log may take: more than any of them does. */
const patienceMs = 60_000;

/** The lines that a server has logged, and who waits for one. */
class Log {
  readonly #lines: string[] = [];
  readonly #waiters = new Set<() => void>();
  #over = false;

  line(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  all(): string {
    return this.#lines.join('\n');
  }

  async logged(fits: RegExp): Promise<string> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, patienceMs);
    try {
      for (let looked = 0; ;) {
        const found = this.#lines.slice(looked).find((line) => fits.test(line));
        if (found !== undefined) return found;
        looked = this.#lines.length;
        assert.ok(!this.#over, `the server ended without a line that fits ${fits}`);
        assert.ok(!isLate, `there is no line that fits ${fits}`);
        await new Promise<void>((resolve) => {
          this.#waiters.add(resolve);
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }
}
