import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';

const program = join(import.meta.dirname, '..', '..', 'bin', 'letterlock');

/** The names of the doors that a server has. */
export type DoorName =
  | 'submissions'
  | 'submission'
  | 'exchanger'
  | 'lmtp'
  | 'imap'
  | 'pop3'
  | 'pop3_stls'
  | 'https';

/** A line of the log: its event and whatever it carries. */
export type LogEvent = { readonly event: string; readonly [field: string]: unknown };

/** A fresh folder with a configuration in it. */
export type Site = {
  readonly folder: string;
  /** Where the server keeps accounts and letters. */
  readonly data: string;
  readonly configFile: string;
  readonly domain: string;
  /** Every server that was started here; those that a failed test left running die with the folder. */
  readonly processes: Set<StartingServer>;
};

/** The server as a process of its own: what a person starts with `bin/letterlock serve`. */
export type RunningServer = {
  readonly pid: number;
  /** The authority that clients trust, PEM, and the file that it stands in. */
  readonly authority: string;
  readonly authorityFile: string;
  port(door: DoorName): number;
  /** The first line of the log, there or still to come, that fits; rejects where the process ends without it. */
  logged(fits: (event: LogEvent) => boolean): Promise<LogEvent>;
  /** The events so far. */
  events(): readonly LogEvent[];
  /** Everything that the process has printed so far, its standard error included. */
  output(): string;
  /** SIGTERM, and the end of it in good order: status 0. */
  stop(): Promise<void>;
  /** SIGKILL, and the end of it. */
  kill(): Promise<void>;
};

/** Makes the folder, runs, and removes it. `toml` is added to the configuration, which has free ports on loopback. */
export async function withSite<Value>(toml: string, run: (site: Site) => Promise<Value>): Promise<Value> {
  const folder = mkdtempSync(join(tmpdir(), 'letterlock-server.'));
  const domain = 'letters.example';
  const processes = new Set<StartingServer>();
  const configFile = join(folder, 'letterlock.toml');
  const data = join(folder, 'data');
  writeFileSync(
    configFile,
    `host = "localhost"
domains = ["${domain}"]
data = "data"
listen.submissions = { port = 0 }
listen.submission = { port = 0 }
listen.exchanger = { port = 0 }
listen.imap = { port = 0 }
listen.pop3 = { port = 0 }
listen.https = { port = 0 }
${toml}
`,
  );
  const killAll = (): Promise<unknown> => Promise.all([...processes].map((server) => server.kill()));
  // A test that is given up on runs no `finally`; without its servers it comes to its end.
  after(killAll);
  try {
    return await run({ folder, data, configFile, domain, processes });
  } finally {
    await killAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes an account with the command that a person would use, and gives its address. */
export async function addAccount(site: Site, name: string, password: string): Promise<string> {
  const address = `${name}@${site.domain}`;
  const child = spawn(program, ['account', 'add', address, '--password-stdin', '--config', site.configFile], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.end(`${password}\n`);
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  const [complaint, status] = await Promise.all([text(child.stderr), ended]);
  assert.equal(status, 0, `account add ${address}: ${complaint}`);
  return address;
}

/** A server process that may not be ready yet. */
export type StartingServer = {
  readonly pid: number;
  /** Resolves when every door is open; rejects where the process ends before. */
  readonly ready: Promise<RunningServer>;
  kill(): Promise<void>;
};

/** Starts the server and waits until its doors are open. */
export function startServer(site: Site, ...options: readonly string[]): Promise<RunningServer> {
  return beginServer(site, ...options).ready;
}

/** Starts the server and waits for nothing. Rejects nothing that nobody awaits. */
export function beginServer(site: Site, ...options: readonly string[]): StartingServer {
  const child = spawn(program, ['serve', '--config', site.configFile, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  assert.ok(pid !== undefined, `${program} could not be started`);
  const record = new Output();
  createInterface({ input: child.stdout }).on('line', (line) => record.line(line));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => record.complaint(chunk));
  const ended = new Promise<string>((resolve) => {
    child.once('close', (status, signal) => {
      site.processes.delete(starting);
      const how = signal ?? `status ${status}`;
      record.end(how);
      resolve(how);
    });
  });
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<string> => {
    child.kill(signal);
    return ended;
  };
  const kill = async (): Promise<void> => {
    await end('SIGKILL');
  };
  const ready = record.reached().then((reached): RunningServer => ({
    pid,
    authority: readFileSync(reached.authorityFile, 'utf8'),
    authorityFile: reached.authorityFile,
    port: (door) => {
      const port = reached.ports.get(door);
      assert.ok(port !== undefined, `there is no door ${door}: ${record.all()}`);
      return port;
    },
    logged: (fits) => record.logged(fits),
    events: () => record.events,
    output: () => record.all(),
    stop: async () => assert.equal(await end('SIGTERM'), 'status 0', record.all()),
    kill,
  }));
  // A start that is killed on purpose is nobody's surprise.
  ready.catch(() => undefined);
  const starting = { pid, ready, kill };
  site.processes.add(starting);
  return starting;
}

type Reached = { readonly ports: ReadonlyMap<string, number>; readonly authorityFile: string };
type Waiter = {
  readonly look: () => boolean;
  readonly reject: (error: Error) => void;
};

/** What a server process prints, line by line, and who waits for what of it. */
class Output {
  readonly events: LogEvent[] = [];
  readonly #lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  #complaints = '';
  #ended: string | null = null;

  line(line: string): void {
    this.#lines.push(line);
    if (line.startsWith('{')) this.events.push(JSON.parse(line) as LogEvent);
    this.#look();
  }

  complaint(chunk: string): void {
    this.#complaints += chunk;
  }

  end(how: string): void {
    this.#ended = how;
    this.#look();
  }

  all(): string {
    return [...this.#lines, this.#complaints].join('\n');
  }

  /**
   * The doors and the authority, from what is printed at the start: `  submissions  127.0.0.1:40000  …`, and at its
   * end the line that tells how to stop.
   */
  reached(): Promise<Reached> {
    return this.#wait(() => {
      if (!this.#lines.some((line) => line.includes('Ctrl-C'))) return null;
      const ports = new Map<string, number>();
      let authorityFile = '';
      for (const line of this.#lines) {
        const door = /^ {2}([a-z0-9_]+) +127\.0\.0\.1:([0-9]+)(?: |$)/.exec(line);
        if (door !== null) ports.set(door[1] ?? '', Number(door[2]));
        authorityFile =
          /^ {2}Clients trust +(.*) \(the development authority\)$/.exec(line)?.[1] ?? authorityFile;
      }
      return { ports, authorityFile };
    });
  }

  logged(fits: (event: LogEvent) => boolean): Promise<LogEvent> {
    let looked = 0;
    return this.#wait(() => {
      const found = this.events.slice(looked).find(fits) ?? null;
      looked = this.events.length;
      return found;
    });
  }

  #wait<Value>(find: () => Value | null): Promise<Value> {
    return new Promise((resolve, reject) => {
      const look = (): boolean => {
        const found = find();
        if (found !== null) resolve(found);
        return found !== null;
      };
      if (look()) return;
      if (this.#ended === null) this.#waiters.add({ look, reject });
      else reject(this.#over());
    });
  }

  #look(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.look() && this.#ended === null) continue;
      this.#waiters.delete(waiter);
      if (this.#ended !== null) waiter.reject(this.#over());
    }
  }

  #over(): Error {
    return new Error(`the server ended (${this.#ended}) before what was waited for:\n${this.all()}`);
  }
}
