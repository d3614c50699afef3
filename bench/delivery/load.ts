import { performance } from 'node:perf_hooks';
import type { SecureContext } from 'node:tls';
import { LetterMaker } from './letter.ts';
import { domain, sender } from './people.ts';
import { contextFor, Failure, Wire, type Target } from './wire.ts';
import { lettersPerConnection, type Mode, type Workload } from './workload.ts';

/** What the client is to do. */
export type Job = {
  readonly target: Target;
  readonly workload: Workload;
  /** Key agreement groups that are offered, as OpenSSL names them. */
  readonly groups: string;
  readonly warmUpMs: number;
  readonly windowMs: number;
};

/** What came of it. */
export type Load = {
  /** Letters that were answered 250, those of warm-up and after the window included. */
  readonly acknowledged: number;
  /** Letters that were answered 250 within the window. */
  readonly withinWindow: number;
  /** Their latencies: from MAIL, or from the beginning of a connection that carries one letter, to the 250. Null where there were none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** How often what went wrong; a connection that failed is made anew. */
  readonly failures: Readonly<Record<string, number>>;
  /** When the first letter was sent, as `Date.now()` counts. */
  readonly beganAtMs: number;
  /** How much of the time the client was busy, from 0 to 1, and how many cores it used. */
  readonly busy: number;
  readonly cores: number;
  readonly protection: string;
};

/** So many failures end a run. */
const mostFailures = 20;

/** The last number of a letter; no letter of this process has a number twice. */
let lastNumber = 0;

/** Keeps all connections of the workload busy for as long as the job says. */
export async function run(job: Job): Promise<Load> {
  const crowd = new Crowd(job);
  const cpu = process.cpuUsage();
  const utilization = performance.eventLoopUtilization();
  const began = performance.now();
  const { connections } = job.workload;
  await Promise.all(Array.from({ length: connections }, (_, index) => crowd.keepBusy(index + 1)));
  const { user, system } = process.cpuUsage(cpu);
  const lastedMs = performance.now() - began;
  return {
    ...crowd.result(),
    busy: performance.eventLoopUtilization(utilization).utilization,
    cores: (user + system) / 1000 / lastedMs,
  };
}

/** The connections of one run, who begin together. */
class Crowd {
  readonly #job: Job;
  readonly #mode: Mode;
  readonly #context: SecureContext;
  readonly #opened = Promise.withResolvers<void>();
  readonly #latenciesMs: number[] = [];
  readonly #failures = new Map<string, number>();
  #failed = 0;
  #arrived = 0;
  #acknowledged = 0;
  #beganAt = 0;
  #windowFrom = 0;
  #windowTo = 0;
  #protection = '';

  constructor(job: Job) {
    this.#job = job;
    this.#mode = job.workload.mode;
    this.#context = contextFor(job.target, job.groups);
  }

  /** Makes one connection after the other until the window is over. */
  async keepBusy(seed: number): Promise<void> {
    const letters = new LetterMaker(this.#job.workload.sizeBytes, seed);
    let isFirst = true;
    do {
      try {
        // Connections that carry many letters are made before the clock starts.
        if (isFirst && this.#mode === 'one') await this.#allArrived();
        const startedAt = performance.now();
        const wire = await this.#login();
        if (isFirst && this.#mode !== 'one') await this.#allArrived();
        await this.#useUp(wire, letters, startedAt);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.#failures.set(error.message, (this.#failures.get(error.message) ?? 0) + 1);
        this.#failed += 1;
        if (isFirst) await this.#allArrived();
      }
      isFirst = false;
    } while (this.#goesOn());
  }

  result(): Omit<Load, 'busy' | 'cores'> {
    const sorted = this.#latenciesMs.sort((a, b) => a - b);
    const quantile = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
    return {
      acknowledged: this.#acknowledged,
      withinWindow: sorted.length,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      failures: Object.fromEntries(this.#failures),
      beganAtMs: performance.timeOrigin + this.#beganAt,
      protection: this.#protection,
    };
  }

  #goesOn(): boolean {
    return performance.now() < this.#windowTo && this.#failed < mostFailures;
  }

  /** The clock starts when the last one is here. A first connection that fails arrives as well; behind the start, nobody counts. */
  #allArrived(): Promise<void> {
    this.#arrived += 1;
    if (this.#arrived === this.#job.workload.connections) {
      this.#beganAt = performance.now();
      this.#windowFrom = this.#beganAt + this.#job.warmUpMs;
      this.#windowTo = this.#windowFrom + this.#job.windowMs;
      this.#opened.resolve();
    }
    return this.#opened.promise;
  }

  async #login(): Promise<Wire> {
    const { target } = this.#job;
    const wire = await Wire.open(target, this.#context);
    try {
      if (this.#protection === '') this.#protection = wire.protection();
      await wire.reply('greeting', 220);
      wire.send('EHLO client.example\r\n');
      await wire.reply('EHLO', 250);
      if (target.login === 'none') return wire;
      wire.send(`AUTH PLAIN ${btoa(`\0${sender.address}\0${sender.password}`)}\r\n`);
      await wire.reply('AUTH', 235);
      return wire;
    } catch (error) {
      wire.close();
      throw error;
    }
  }

  async #useUp(wire: Wire, letters: LetterMaker, startedAt: number): Promise<void> {
    const most = lettersPerConnection[this.#mode];
    try {
      for (let count = 0; count < most; count += 1) {
        if (count > 0 && !this.#goesOn()) break;
        const from = most === 1 ? startedAt : performance.now();
        await this.#deliver(wire, letters);
        this.#acknowledge(from);
      }
      wire.send('QUIT\r\n');
      await wire.reply('QUIT', 221);
    } finally {
      wire.close();
    }
  }

  async #deliver(wire: Wire, letters: LetterMaker): Promise<void> {
    lastNumber += 1;
    const { bytes, recipient } = letters.make(lastNumber);
    const mail = `MAIL FROM:<${sender.address}>\r\n`;
    const rcpt = `RCPT TO:<${recipient}@${domain}>\r\n`;
    if (this.#mode === 'pipe') {
      wire.send(`${mail}${rcpt}DATA\r\n`);
      await wire.reply('MAIL', 250);
      await wire.reply('RCPT', 250);
    } else {
      wire.send(mail);
      await wire.reply('MAIL', 250);
      wire.send(rcpt);
      await wire.reply('RCPT', 250);
      wire.send('DATA\r\n');
    }
    await wire.reply('DATA', 354);
    wire.send(bytes);
    await wire.reply('dot', 250);
  }

  #acknowledge(from: number): void {
    const now = performance.now();
    this.#acknowledged += 1;
    if (now >= this.#windowFrom && now <= this.#windowTo) this.#latenciesMs.push(now - from);
  }
}
