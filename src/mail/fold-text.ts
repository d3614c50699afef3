/** What makes no difference: accents and their kin, and what is not seen, but for the space without a width. */
const PASSED_OVER = /[[\p{M}&&\p{Diacritic}][\p{Cf}--\u200b]\u0640]/gv;

/** Most texts: nothing of what follows changes anything of them. */
const ASCII = /^[\0-\x7f]*$/;

/** The text without regard to case, accents, width and other ways to write the same: as what is looked for, and sorted by. */
export const foldText = (text: string): string => (ASCII.test(text) ? text.toLowerCase() : foldOther(text));

const foldOther = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(PASSED_OVER, '')
    // There and back: ẞ is ß and that is SS. A sigma at the end of a word is one like the others.
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .normalize('NFC');
