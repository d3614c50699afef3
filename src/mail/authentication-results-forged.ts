import { canonicalDomain, domainProblem } from './domain.ts';
import { stripComments } from './comments.ts';
import { parseEncodedWords } from './encoded-word.ts';
import type { Header, HeaderField } from './header.ts';
import { omittedFields, type OmittedRange } from './omitted-ranges.ts';

/** So much of a field is searched for the name; the rest of it can hold none that a reader would take for it. */
const longestSearch = 4096;

/**
 * The fields of a letter from outside that must not be shown to its recipients, as ranges of its bytes, in order: every
 * Authentication-Results field that claims to be this server's (RFC 8601 section 5), and every Return-Path, of which a
 * delivered letter has one, the delivering server's (RFC 5321 section 4.4). Without a name no report is looked at: the one
 * who handed the letter over answers for them.
 */
export const foreignTraceFields = (header: Header, authservId: string | null): readonly OmittedRange[] =>
  omittedFields(header, foreignTrace(header, authservId));

/** Whether a field of this header is one of those. */
export function foreignTrace(header: Header, authservId: string | null): (field: HeaderField) => boolean {
  // Most letters bring no such field, and the name is dear to compare.
  let own: string | null = null;
  return (field) => {
    switch (field.name) {
      case 'return-path':
        return true;
      case 'authentication-results':
        if (authservId === null) return false;
        own ??= comparable(authservId);
        return claims(header.value(field, longestSearch), own);
      default:
        return false;
    }
  };
}

/**
 * Whether a reader, strict or careless, could take the name before the first `;` for `own`: comments, quotes, escapes,
 * letter case, a version, encoded words, U-labels and dots at the end make no difference.
 */
function claims(value: string, own: string): boolean {
  const readings = [value, parseEncodedWords(value)].flatMap((text) => [text, unquoted(text)]);
  return readings.some((text) =>
    [text, stripComments(text), stripComments(text).replaceAll(/\s/g, '')].some((plain) => {
      const [name = ''] = plain.split(';', 1);
      return name.split(/[\s"'<>(),]+/).some((word) => comparable(word) === own);
    }),
  );
}

const unquoted = (text: string): string => text.replaceAll(/\\([^])/g, '$1').replaceAll('"', '');

/** Characters that nobody sees: soft hyphens, joiners, marks of direction, variation selectors. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}|\p{Cc}/gu;

/** One spelling for all names that a person or a program could hold for the same. */
function comparable(name: string): string {
  const text = name
    .normalize('NFKC')
    .replaceAll(INVISIBLE, '')
    .replaceAll('\u3002', '.')
    .replace(/\.+$/, '')
    .toLowerCase();
  return domainProblem(text) === null ? canonicalDomain(text) : text;
}
