import type { Clock } from './clock.ts';

/** Somebody who may keep a thread waiting. */
export interface Patient {
  /** Grows with everything useful that the peer sends. */
  readonly progress: number;
  /** Whether this side is the one who is thinking. */
  readonly busy: boolean;
  /** Nothing useful came for too long. */
  timeOut(): void;
}

type Waiting = { progress: number; since: number };

/**
 * Ends connections that make no progress, all of a thread with one timer. Progress is judged, not bytes, so that one
 * byte a minute does not keep a session alive.
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
    this.#waiting.set(patient, { progress: patient.progress, since: this.#clock.monotonic() });
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
      } else if (now - waiting.since > this.#waitMs) {
        waiting.since = now;
        patient.timeOut();
      }
    }
  }
}
