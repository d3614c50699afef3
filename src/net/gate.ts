import type { Admission, Admitted } from '../policy/admission.ts';
import { Networks } from '../policy/networks.ts';
import type { Unwanted } from '../smtp/session.ts';
import type { Clock } from './clock.ts';
import { connectionLimits } from './connection-limits.ts';
import type { Journal } from './journal.ts';

/** Whom a door is for, and whose word about the client's address it takes. */
export type Trust = {
  /** Who may use the door; null is everybody. */
  readonly clients: Networks | null;
  /** Whose connections begin with a PROXY header, without which none of them is let in. */
  readonly proxies: Networks;
  /** How long such a header may take, milliseconds. */
  readonly proxyWaitMs: number;
  /** Who may say by XCLIENT whom it speaks for. */
  readonly xclient: Networks;
};

const noNetworks = new Networks([]);
const trustsNobody: Trust = { clients: null, proxies: noNetworks, proxyWaitMs: 0, xclient: noNetworks };

/** Stands before all doors of a thread, counts who comes in, and knows whose word each of them takes. */
export class Gate {
  readonly #admission: Admission;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #trust: ReadonlyMap<string, Trust>;
  #toldAt = -Infinity;
  #untold = 0;

  /** `trust` is by the names of the doors; a door without an entry trusts nobody. */
  constructor(
    admission: Admission,
    clock: Clock,
    journal: Journal,
    trust: ReadonlyMap<string, Trust> = new Map(),
  ) {
    this.#trust = trust;
    this.#admission = admission;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** Whose word the door takes. */
  trustOf(door: string): Trust {
    return this.#trust.get(door) ?? trustsNobody;
  }

  /** Whether the door is there for this client at all. */
  mayUse(address: string, door: string): boolean {
    const { clients } = this.trustOf(door);
    if (clients === null || clients.has(address)) return true;
    this.#tell('not-for-this-network', address, door);
    return false;
  }

  /** Lets a client in, whose place is to be given back when the connection ends, or says why not. */
  admit(address: string, door: string): Admitted | Unwanted {
    return this.#told(this.#admission.admit(address, this.#clock.monotonic()), address, door);
  }

  /** The same for a proxy, while it has not said whom it speaks for. */
  admitProxy(address: string, door: string): Admitted | Unwanted {
    return this.#told(this.#admission.admitProxy(address), address, door);
  }

  #told(outcome: Admitted | Unwanted, peer: string, door: string): Admitted | Unwanted {
    if (typeof outcome === 'string') this.#tell(outcome, peer, door);
    return outcome;
  }

  #tell(why: Unwanted | 'not-for-this-network', peer: string, door: string): void {
    const now = this.#clock.monotonic();
    this.#untold += 1;
    if (now - this.#toldAt >= connectionLimits.refusalNoteMs) {
      this.#journal.warn('door.refused', { door, peer, why, refused: this.#untold });
      this.#toldAt = now;
      this.#untold = 0;
    }
  }
}
