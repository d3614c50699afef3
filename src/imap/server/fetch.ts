import type { FetchCommand } from '../grammar/fetch.ts';
import type { FetchedLetter } from '../letters.ts';
import { rangesOf, rangesWithin, type NumberRange } from '../number-set.ts';
import {
  DecodedOctets,
  fetchPlan,
  sinkTo,
  sinkToPieces,
  withoutNul,
  type FetchPlan,
  type Piece,
} from '../render/fetch-response.ts';
import { LetterInHand, type Octets } from '../render/section.ts';
import { say } from '../say.ts';
import type { PartialResult } from '../search-key.ts';
import { placesOf } from './found.ts';
import { positionsOf } from './positions.ts';
import { formatEarlier } from './tell.ts';
import type { Positions } from '../view.ts';
import {
  asks,
  closed,
  ends,
  tellsModSeqs,
  textFormOf,
  withEnabled,
  type Context,
  type Handler,
  type Move,
  type Selected,
} from './stage.ts';

/** FETCH and UID FETCH (RFC 9051 sections 6.4.5 and 6.4.9), also of what changed (RFC 7162 section 3.1.4). */
export const fetch: Handler<FetchCommand, Selected> = (command, before, context) => {
  const { name, set, items, changedSince, vanished, partial } = command;
  const asksForModSeq = changedSince !== null || items.some(({ item }) => item === 'MODSEQ');
  const stage = asksForModSeq ? withEnabled(before, 'CONDSTORE') : before;
  const { id: mailbox, view } = stage.mailbox;
  if (vanished && !stage.person.enabled.has('QRESYNC')) return ends(before, say.enableFirst('QRESYNC'));
  const wanted = positionsOf(set, name === 'FETCH' ? 'number' : 'uid', stage.mailbox);
  if (wanted === null) return ends(stage, say.noSuchNumber);
  const positions = partial === null ? wanted : partOf(wanted, partial);
  const plan = fetchPlan(items, {
    tellsUid: name === 'UID FETCH',
    tellsModSeq: changedSince !== null ? 'always' : tellsModSeqs(stage) ? 'with-flags' : 'never',
    form: textFormOf(stage),
  });
  if (changedSince === null)
    return new Fetch(name, plan, positions, stage, context).page(view.uidRanges(positions));
  return asks({ ask: 'changes', mailbox, since: changedSince }, stage, (changes) => {
    // What was saved by a search is not gone, and `*` may be (RFC 7162 section 3.2.6).
    if (vanished && set !== 'saved') context.out.latin1(formatEarlier(rangesWithin(changes.vanished, set)));
    const changed = changes.changed.filter(({ uid }) => view.positionOf(uid) >= 0).map(({ uid }) => uid);
    const uids = rangesWithin(rangesOf(changed), view.uidRanges(positions));
    return new Fetch(name, plan, view.byUids(uids), stage, context).page(uids);
  });
};

/** Some of the letters, by their places among them (RFC 9394 section 3.4). */
function partOf(positions: readonly Positions[], partial: PartialResult): readonly Positions[] {
  const { start, end } = placesOf(partial, countOf(positions));
  let before = 0;
  return positions.flatMap(({ first, last }) => {
    const [from, to] = [first + Math.max(0, start - before), Math.min(last, first + end - before - 1)];
    before += last - first + 1;
    return from <= to ? [{ first: from, last: to }] : [];
  });
}

const countOf = (positions: readonly Positions[]): number =>
  positions.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** A FETCH under way: a page is asked for, written, and then the next. */
class Fetch {
  readonly #name: FetchCommand['name'];
  readonly #plan: FetchPlan;
  readonly #stage: Selected;
  readonly #context: Context;
  /** How many letters are to come still. */
  #expected: number;
  /** Whether of some letter nobody knows how to undo an encoding. */
  #hasUnknown = false;

  constructor(
    name: FetchCommand['name'],
    plan: FetchPlan,
    positions: readonly Positions[],
    stage: Selected,
    context: Context,
  ) {
    this.#name = name;
    this.#plan = plan;
    this.#stage = stage;
    this.#context = context;
    this.#expected = countOf(positions);
  }

  page(uids: readonly NumberRange[]): Move {
    const stage = this.#stage;
    if (uids.length === 0) return this.#end();
    const { id: mailbox, readOnly } = stage.mailbox;
    const { need, copies } = this.#plan;
    return asks({ ask: 'letters', mailbox, uids, need, copies }, stage, ({ letters, upTo }) => {
      const rest = behind(uids, upTo);
      const unseen = letters.filter(({ keywords }) => !keywords.includes('$seen'));
      if (!this.#plan.marksSeen || readOnly || unseen.length === 0)
        return this.#write(letters, 0, rest, nobody);
      return this.#see(letters, unseen, rest);
    });
  }

  /** The letters become seen before they are shown, so that their flags are told with them. */
  #see(
    letters: readonly FetchedLetter[],
    unseen: readonly FetchedLetter[],
    rest: readonly NumberRange[],
  ): Move {
    const { id: mailbox, view } = this.#stage.mailbox;
    const change = { how: 'add', keywords: ['$seen'], since: view.since, tell: 'changed' } as const;
    const uids = unseen.map(({ uid }) => uid);
    return asks({ ask: 'set-keywords', mailbox, uids, ...change }, this.#stage, (set) => {
      const seen = new Map(set.letters.map((letter) => [letter.uid, letter]));
      for (const letter of set.letters) view.know(letter);
      const now = letters.map((letter) => ({ ...letter, ...seen.get(letter.uid) }));
      return this.#write(now, 0, rest, new Set(seen.keys()));
    });
  }

  /** `told` are the letters whose flags are told although nobody asked for them. */
  #write(
    letters: readonly FetchedLetter[],
    from: number,
    rest: readonly NumberRange[],
    told: ReadonlySet<number>,
  ): Move {
    const { view } = this.#stage.mailbox;
    for (let index = from; index < letters.length; index++) {
      const letter = letters[index];
      const position = letter === undefined ? -1 : view.positionOf(letter.uid);
      // One that came while the command is answered has no number yet.
      if (letter === undefined || position < 0) continue;
      this.#expected -= 1;
      const hand = new LetterInHand(letter);
      if (this.#plan.isUnknown(hand)) {
        this.#hasUnknown = true;
        continue;
      }
      const flags = told.has(letter.uid) ? 'told' : 'as-asked';
      if (this.#plan.need !== 'content' || letter.content !== null) {
        this.#plan.write(position + 1, hand, flags, sinkTo(this.#context.out, letter.content));
        continue;
      }
      const after = (): Move => this.#write(letters, index + 1, rest, told);
      return this.#look(hand, this.#plan.looksInto(hand), 0, () => {
        const pieces: Piece[] = [];
        this.#plan.write(position + 1, hand, flags, sinkToPieces(pieces));
        return this.#send(letter, pieces, 0, after);
      });
    }
    return this.page(rest);
  }

  /** Fetches what is looked into of a letter that is too large for a page. */
  #look(hand: LetterInHand, places: readonly Octets[], index: number, after: () => Move): Move {
    const place = places[index];
    if (place === undefined) return after();
    const pieces: Uint8Array[] = [];
    return this.#octets(
      hand.letter,
      place,
      (piece) => void pieces.push(piece),
      () => {
        hand.keep(place.start, Buffer.concat(pieces));
        return this.#look(hand, places, index + 1, after);
      },
    );
  }

  #send(letter: FetchedLetter, pieces: readonly Piece[], index: number, after: () => Move): Move {
    const { out } = this.#context;
    for (let at = index; at < pieces.length; at++) {
      const piece = pieces[at];
      if (typeof piece === 'string') out.latin1(piece);
      else if (piece instanceof Uint8Array) out.bytes(withoutNul(piece));
      else if (piece !== undefined) {
        const decoder = 'encoding' in piece ? new DecodedOctets(piece) : null;
        return this.#octets(
          letter,
          piece,
          (octets) => void out.bytes(decoder === null ? withoutNul(octets) : decoder.push(octets)),
          () => {
            if (decoder !== null) out.bytes(decoder.end());
            return this.#send(letter, pieces, at + 1, after);
          },
        );
      }
    }
    return after();
  }

  /** Asks for octets until they are all there. */
  #octets(
    letter: FetchedLetter,
    { start, end }: Octets,
    take: (piece: Uint8Array) => void,
    after: () => Move,
  ): Move {
    if (start >= end) return after();
    const { id: mailbox } = this.#stage.mailbox;
    return asks(
      { ask: 'octets', mailbox, letter, start, end },
      this.#stage,
      (piece) => {
        take(piece);
        return this.#octets(letter, { start: start + piece.length, end }, take, after);
      },
      // Inside a literal nothing but the literal can be said.
      { refused: () => ({ to: closed }), fault: { to: closed } },
    );
  }

  /** RFC 2180 section 4.1: a number whose letter is gone cannot be answered; a uid that is not there is passed over. */
  #end(): Move {
    if (this.#hasUnknown) return ends(this.#stage, say.unknownEncoding);
    const isWhole = this.#name === 'UID FETCH' || this.#expected <= 0;
    return ends(this.#stage, isWhole ? say.done(this.#name) : say.someGone);
  }
}

const nobody: ReadonlySet<number> = new Set();

/** The ranges behind a uid. */
const behind = (ranges: readonly NumberRange[], upTo: number): readonly NumberRange[] =>
  ranges.flatMap(({ from, to }) => (to <= upTo ? [] : [{ from: Math.max(from, upTo + 1), to }]));
