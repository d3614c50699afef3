import type { FetchedLetter, LetterNeed } from '../../imap/letters.ts';
import { rangesOf } from '../../imap/number-set.ts';
import type { Desk } from './desk.ts';
import { letters } from './letter-answers.ts';

/** The letters with these uids, which rise, page by page: between two pages others have their turn. */
export async function* readLetters(
  {
    mailbox,
    uids,
    need,
  }: { readonly mailbox: number; readonly uids: readonly number[]; readonly need: LetterNeed },
  desk: Desk,
): AsyncGenerator<FetchedLetter> {
  for (let rest = rangesOf(uids); rest.length > 0;) {
    const page = await letters({ ask: 'letters', mailbox, uids: rest, need }, desk);
    if (!page.ok) throw new Error(`letters that are looked through: ${page.refusal}`);
    yield* page.value.letters;
    const { upTo } = page.value;
    rest = rest.flatMap(({ from, to }) => (to <= upTo ? [] : [{ from: Math.max(from, upTo + 1), to }]));
    await turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
