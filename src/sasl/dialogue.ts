import type {
  ExchangeContext,
  Mechanism,
  SaslFailure,
  SaslQuestion,
  SaslStep,
  SaslVerdict,
  ServerExchange,
} from './exchange.ts';

type Input =
  | { readonly on: 'response'; readonly response: Uint8Array }
  | { readonly on: 'verdict'; readonly verdict: SaslVerdict };

/** A mechanism written down as the dialogue that it is: steps go out, the last one is `done` or `failed`. */
export type Dialogue = Generator<SaslStep, SaslStep, Input>;

/** What a mechanism is: its dialogue, given the client's initial response. */
export type Mechanics = (initial: Uint8Array | null, context: ExchangeContext) => Dialogue;

/** Sends a challenge; gives the client's response. */
export function* challenge(bytes: Uint8Array): Generator<SaslStep, Uint8Array, Input> {
  const input = yield { step: 'challenge', challenge: bytes };
  if (input.on !== 'response') throw new Error('A verdict came where a response is due');
  return input.response;
}

/** Puts a question to the accounts; gives their verdict. */
export function* ask(question: SaslQuestion): Generator<SaslStep, SaslVerdict, Input> {
  const input = yield { step: 'ask', question };
  if (input.on !== 'verdict') throw new Error('A response came where a verdict is due');
  return input.verdict;
}

/** The last step of a dialogue that failed. */
export const failed = (why: SaslFailure): SaslStep => ({ step: 'failed', why });

/** The last step of a dialogue whose response is not in the mechanism's grammar. */
export const malformed = (detail: string): SaslStep => failed({ why: 'malformed', detail });

/** The last step of a dialogue that a verdict on a password, certificate or token ends. */
export const concluded = (verdict: SaslVerdict): SaslStep => {
  if (verdict.verdict === 'refused') return failed(verdict.why);
  if (verdict.verdict !== 'login') throw new Error('SCRAM keys are no answer to this question');
  return { step: 'done', account: verdict.account, channelBinding: null };
};

/** A dialogue behind the interface that the protocols use. Using it after its last step is a fault. */
export class DialogueExchange implements ServerExchange {
  readonly mechanism: Mechanism;
  readonly #mechanics: Mechanics;
  readonly #context: ExchangeContext;
  #dialogue: Dialogue | null = null;
  #user: string | null = null;

  constructor(mechanism: Mechanism, mechanics: Mechanics, context: ExchangeContext) {
    this.mechanism = mechanism;
    this.#mechanics = mechanics;
    this.#context = context;
  }

  get user(): string | null {
    return this.#user;
  }

  start(initial: Uint8Array | null): SaslStep {
    if (this.#dialogue !== null) throw new Error('The exchange has been started before');
    this.#dialogue = this.#mechanics(initial, this.#context);
    return this.#noted(stepOf(this.#dialogue.next()));
  }

  respond(response: Uint8Array): SaslStep {
    return this.#continue({ on: 'response', response });
  }

  decide(verdict: SaslVerdict): SaslStep {
    return this.#continue({ on: 'verdict', verdict });
  }

  #continue(input: Input): SaslStep {
    if (this.#dialogue === null) throw new Error('The exchange has not been started');
    return this.#noted(stepOf(this.#dialogue.next(input)));
  }

  /** Who is asked about is who the client says that it is. */
  #noted(step: SaslStep): SaslStep {
    if (step.step === 'ask') this.#user = step.question.user ?? this.#user;
    if (step.step === 'failed' && 'user' in step.why) this.#user = step.why.user;
    return step;
  }
}

const stepOf = (result: IteratorResult<SaslStep, SaslStep | undefined>): SaslStep => {
  if (result.value === undefined) throw new Error('The exchange is over');
  return result.value;
};
