import { readableAddressList } from '../mail/address-list.ts';
import { baseSubject } from '../mail/base-subject.ts';
import { parseEncodedWords } from '../mail/encoded-word.ts';
import { LetterParser, type ParsedLetter } from '../mail/letter-parser.ts';
import type { LetterSummary, SearchField, SearchSort } from './port.ts';
import { foldText } from '../mail/fold-text.ts';

/** The texts of a letter in which words are looked for; `anywhere` is all of them. */
export type LetterText = { readonly [Field in Exclude<SearchField, 'anywhere'>]: string };

/** Reads what is searched from a letter as it came, in pieces. Never fails for what the letter holds. */
export const readLetterText = async (
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<LetterText> => {
  const parser = new LetterParser();
  for await (const piece of pieces) parser.push(piece);
  return letterText(await parser.end());
};

const letterText = ({ envelope, searchable }: ParsedLetter): LetterText => {
  const people = (field: 'from' | 'to' | 'cc' | 'bcc'): string =>
    parseEncodedWords(readableAddressList(envelope[field] ?? []));
  return {
    subject: parseEncodedWords(envelope.subject ?? ''),
    from: people('from'),
    to: people('to'),
    cc: people('cc'),
    bcc: people('bcc'),
    body: searchable.body,
    attachment: searchable.attachmentNames.join('\n'),
  };
};

/** What letters are sorted by: the base subject (RFC 5256 section 3), or who sent it; compared by `inOrder`. */
export const sortText = (by: Extract<SearchSort['by'], 'subject' | 'from'>, summary: LetterSummary): string =>
  foldText(by === 'from' ? summary.from : baseSubject(summary.subject).text);
