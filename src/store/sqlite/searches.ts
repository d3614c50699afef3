import type { MessagePort } from 'node:worker_threads';
import { StoreClosed, StoreFault, StoreOverloaded } from '../fault.ts';
import type { AccountId, Found, SearchQuery } from '../port.ts';
import type { SearchAnswer, SearchAsk } from './search-messages.ts';
import { hitsOf, type FoundNumbers } from './search-query.ts';

/** No more searches of one client wait for their answers. */
const MOST_WAITING = 1000;

type Waiting = {
  readonly resolve: (found: FoundNumbers) => void;
  readonly reject: (fault: StoreFault) => void;
};

/** What one client asks of the search thread. The way there is made with the first question, and anew where it ended. */
export class Searches {
  readonly #connect: () => MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #port: MessagePort | null = null;
  #last = 0;

  constructor(connect: () => MessagePort) {
    this.#connect = connect;
  }

  async search(query: SearchQuery): Promise<Found> {
    const { total, numbers } = await this.#ask((number) => ({ ask: 'search', number, query }));
    return { hits: hitsOf(numbers), total };
  }

  async drop(account: AccountId): Promise<void> {
    await this.#ask((number) => ({ ask: 'drop', number, account }));
  }

  /** Gives up what is under way. */
  close(): void {
    this.#port?.close();
    this.#end(new StoreClosed('the store is closed'));
  }

  #ask(ask: (number: number) => SearchAsk): Promise<FoundNumbers> {
    if (this.#waiting.size >= MOST_WAITING)
      throw new StoreOverloaded(`${this.#waiting.size} searches wait for their answers`);
    const port = this.#port ?? this.#begin();
    const number = ++this.#last;
    return new Promise<FoundNumbers>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      port.postMessage(ask(number));
    });
  }

  #begin(): MessagePort {
    const port = this.#connect();
    port.on('message', (answer: SearchAnswer) => this.#answer(answer));
    port.once('close', () => {
      if (this.#port === port) this.#end(new StoreFault('the search thread has ended'));
    });
    this.#port = port;
    return port;
  }

  #answer(answer: SearchAnswer): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if ('fault' in answer) waiting?.reject(new StoreFault(answer.fault));
    else waiting?.resolve(answer);
  }

  #end(fault: StoreFault): void {
    this.#port = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(fault);
  }
}
