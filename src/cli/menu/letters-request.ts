import { formatAddress, type Address } from '../../mail/address.ts';
import { basicCredentials, httpsGet, type Got } from '../../net/https-get.ts';
import type { Connected } from '../../net/tls/connect.ts';
import type { Secret } from '../../sasl/exchange.ts';

/** How many letters are shown before the reader is asked for more. */
const pageLetters = 10;

/** Whose letters are read, and how the reader proves to be that person. */
export type Reader = { readonly address: Address; readonly password: Secret };

/** What became of a request for letters. */
export type Letters =
  /** `text` is the letters as the classic form has them; `next` is the path of the page after this one. */
  | { readonly got: 'letters'; readonly text: string; readonly next: string | null }
  /** A sentence for the reader. */
  | { readonly got: 'refusal'; readonly why: string };

/** The path of a person's letters, newest first. */
export const firstPage = ({ address }: Reader): string =>
  `/letters/${encodeURIComponent(formatAddress(address))}?count=${pageLetters}`;

/** A real HTTPS GET of a page of letters. Rejects with Node's error where the connection breaks. */
export async function getLetters(
  { socket }: Connected,
  host: string,
  path: string,
  { address, password }: Reader,
): Promise<Letters> {
  const authorization = basicCredentials(formatAddress(address), password.reveal());
  const headers = { accept: 'text/plain', authorization };
  return readAnswer(await httpsGet(socket, { host, path, headers }));
}

/** What an answer means to the reader. */
export function readAnswer({ status, headers, body }: Got): Letters {
  const refusal = (why: string): Letters => ({ got: 'refusal', why: `${status}: ${why}` });
  switch (status) {
    case 200:
      return { got: 'letters', text: body.toString('utf8'), next: nextPage(headers.get('link') ?? '') };
    case 401:
      return refusal('not authenticated; the address or the password is wrong.');
    case 403:
      return refusal('these are not your letters, or there is no such address.');
    case 429:
      return refusal(
        `too many failed attempts; try again in ${headers.get('retry-after') ?? 'some'} seconds.`,
      );
    default:
      return refusal(body.toString('utf8').trim().split('\n', 1)[0]?.slice(0, 200) ?? '');
  }
}

/** The path behind `rel="next"` (RFC 8288 section 3); one on another server is not followed. */
function nextPage(link: string): string | null {
  const match = /<(\/letters\/[!-;=?-~]*)>\s*;\s*rel="?next"?/.exec(link);
  return match?.[1] ?? null;
}
