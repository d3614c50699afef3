import type { Socket } from 'node:net';
import type { Admission, AdmissionRefusal } from '../policy/admission.ts';
import type { Clock } from './clock.ts';
import type { Journal } from './journal.ts';

/** How often refused connections are told to the log: a flood must not become a flood of lines. */
const tellMs = 1000;

/** Stands before all doors of a thread and counts who comes in. */
export class Gate {
  readonly #admission: Admission;
  readonly #clock: Clock;
  readonly #journal: Journal;
  #toldAt = -Infinity;
  #untold = 0;

  constructor(admission: Admission, clock: Clock, journal: Journal) {
    this.#admission = admission;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** Lets a new connection in until its socket closes, or says why not; the caller then gets rid of it. */
  admit(socket: Socket, door: string): AdmissionRefusal | 'gone' | null {
    const address = socket.remoteAddress;
    if (address === undefined) return 'gone';
    const now = this.#clock.monotonic();
    const outcome = this.#admission.admit(address, now);
    if (typeof outcome === 'object') {
      socket.once('close', outcome.release);
      return null;
    }
    this.#untold += 1;
    if (now - this.#toldAt >= tellMs) {
      this.#journal.warn('door.refused', { door, peer: address, why: outcome, refused: this.#untold });
      this.#toldAt = now;
      this.#untold = 0;
    }
    return outcome;
  }
}
