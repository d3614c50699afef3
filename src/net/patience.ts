import type { Clock } from './clock.ts';

/** Somebody who may keep a thread waiting. */
export interface Patient {
  /** Grows with everything useful that the peer sends, but for the octets of letters. */
  readonly progress: number;
  /** Grows with each octet of a letter, which is useful where it comes at a pace. */
  readonly letterBytes: number;
  /** Whether this side is the one who is thinking. */
  readonly busy: boolean;
  /** Nothing useful came for too long. */
  timeOut(): void;
}

type Waiting = { progress: number; letterBytes: number; since: number };

/**
 * A letter that comes more slowly than this is waited for like silence: the room that it takes in memory is not for
 * others meanwhile. A modem of the 1990s was three times as fast.
 */
const slowestBytesPerSecond = 512;

/**
 * Ends connections that make no progress, all of a thread with one timer. Progress is judged, not bytes, so that one
 * byte a minute does not keep a session alive; the octets of a letter buy the time that they may take.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #waiting = new Map<Patient, Waiting>();
  #timer: NodeJS.Timeout | null = null;

  /** `waitMs`: how long a peer may take for the next useful thing; RFC 5321 section 4.5.3.2.7 asks for 5 minutes. */
  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  add(patient: Patient): void {
    const { progress, letterBytes } = patient;
    this.#waiting.set(patient, { progress, letterBytes, since: this.#clock.monotonic() });
    this.#timer ??= setInterval(() => this.#look(), Math.min(5000, Math.max(10, this.#waitMs / 10))).unref();
  }

  remove(patient: Patient): void {
    this.#waiting.delete(patient);
    if (this.#waiting.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const now = this.#clock.monotonic();
    for (const [patient, waiting] of this.#waiting) {
      if (patient.busy || patient.progress !== waiting.progress) {
        waiting.progress = patient.progress;
        waiting.since = now;
      } else {
        const cameBytes = patient.letterBytes - waiting.letterBytes;
        waiting.since = Math.min(now, waiting.since + (cameBytes / slowestBytesPerSecond) * 1000);
      }
      waiting.letterBytes = patient.letterBytes;
      if (now - waiting.since > this.#waitMs) {
        waiting.since = now;
        patient.timeOut();
      }
    }
  }
}
