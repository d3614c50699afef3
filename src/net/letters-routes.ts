import { inboxLetters } from '../store/inbox.ts';
import { keptPieces, omittedBytes } from '../mail/omitted-ranges.ts';
import type { LettersPolicy } from '../policy/letters.ts';
import type { Account, AccountName, Letter, Store } from '../store/port.ts';
import { negotiate } from './http-accept.ts';
import { journalFault, pathSegment, refuseOtherMethods } from './http-app.ts';
import { authenticate } from './http-authentication.ts';
import { entityTag, namesTag } from './http-conditional.ts';
import type { HttpApp, HttpContext, HttpRoutes } from './http-context.ts';
import { replyStream, replyText, replyWhole, type ReplyHeaders } from './http-reply.ts';
import type { Journal } from './journal.ts';
import { mboxEntry } from './letters-mbox.ts';
import { formatPage, parseLetterId, parsePage } from './letters-page.ts';
import {
  classicLetter,
  formatJson,
  letterJson,
  letterPath,
  lettersPath,
  letterText,
  reversePathOf,
  unreadableLetter,
} from './letters-representation.ts';
import type { Room } from './room.ts';

export type LettersParts = {
  readonly policy: LettersPolicy;
  readonly store: Store;
  /** The memory that letters on their way out may take together. */
  readonly room: Room;
  readonly journal: Journal;
};

const text = 'text/plain; charset=utf-8';
const json = 'application/json';
const message = 'message/rfc822';
const mbox = 'application/mbox';
/** The first is what somebody gets who takes anything. */
const listForms = [text, json, mbox] as const;
const letterForms = [text, json, message, mbox] as const;

/** Counts up when a representation changes for letters that do not, so that no old one is taken for the new. */
const formVersion = 3;
const pieceBytes = 262_144;

const welcome = `Letterlock: letters over HTTPS.

GET /letters/{address}          the letters of an address, newest first
    ?count=20                   how many, 1 to 100
    ?before=CURSOR              the page after the one that gave this cursor
GET /letters/{address}/{id}     one letter

Say who you are with HTTP Basic or a client certificate. Accept may ask for text/plain, application/json,
application/mbox and, of one letter, message/rfc822.`;

/** The letters of each person, for that person: `/letters/{address}` and `/letters/{address}/{id}`. */
export function lettersRoutes(parts: LettersParts): HttpRoutes {
  const letters = new Letters(parts);
  return (app: HttpApp): void => {
    app.get('/', (c) => replyText(c, 200, welcome));
    refuseOtherMethods(app, '/', 'GET, HEAD');
    app.get('/letters/:address', (c) => letters.list(c));
    refuseOtherMethods(app, '/letters/:address', 'GET, HEAD');
    app.get('/letters/:address/:id', (c) => letters.one(c));
    refuseOtherMethods(app, '/letters/:address/:id', 'GET, HEAD');
  };
}

class Letters {
  readonly #parts: LettersParts;

  constructor(parts: LettersParts) {
    this.#parts = parts;
  }

  /** A page of letters, newest first. */
  async list(c: HttpContext): Promise<Response> {
    const account = await this.#account(c);
    if (account instanceof Response) return account;
    const page = parsePage(new URL(c.req.url).searchParams);
    if ('wrong' in page) return replyText(c, 400, page.wrong);
    const form = formFor(c, listForms);
    if (form === null) return notAcceptable(c, listForms, wholeLetterHint(c, account.name));
    // One more than asked for tells whether there is a next page.
    const found = await inboxLetters(this.#parts.store, account.id, { ...page, count: page.count + 1 });
    const shown = found.slice(0, page.count);
    const letters = shown.map(({ letter }) => letter);
    const last = shown.at(-1);
    const more = found.length > letters.length && last !== undefined;
    const next = more
      ? `${lettersPath(account.name)}?${formatPage({ count: page.count, before: last.uid })}`
      : null;
    const etag = tagOf(form, account.name, letters, next);
    const headers: ReplyHeaders = {
      ...(next === null ? {} : { link: `<${next}>; rel="next"` }),
      etag,
      vary: 'Accept',
    };
    if (isKnown(c, etag)) return new Response(null, { status: 304, headers });
    if (form === json) {
      const asJson = letters.map((letter) => letterJson(account.name, letter));
      return replyWhole(c, 200, json, formatJson({ address: account.name, letters: asJson, next }), headers);
    }
    if (form === text && letters.length === 0) return replyWhole(c, 200, text, 'No letters.\n', headers);
    const fields: ReplyHeaders = { ...headers, 'content-type': form };
    return form === text
      ? this.#stream(c, account, letters, fields, classicListPieces, unreadablePieces)
      : this.#stream(c, account, letters, fields, mboxPieces);
  }

  /** One letter. */
  async one(c: HttpContext): Promise<Response> {
    const account = await this.#account(c);
    if (account instanceof Response) return account;
    const { store } = this.#parts;
    const id = parseLetterId(pathSegment(c, 3) ?? '');
    const letter = id === null ? null : await store.letter(account.id, id);
    if (letter === null) return replyText(c, 404, 'There is no such letter.');
    const form = formFor(c, letterForms);
    if (form === null) return notAcceptable(c, letterForms);
    const etag = tagOf(form, account.name, [letter], null);
    const headers: ReplyHeaders = { etag, vary: 'Accept' };
    if (isKnown(c, etag)) return new Response(null, { status: 304, headers });
    if (form === json) return this.#json(c, account, letter, headers);
    const fields: ReplyHeaders = { ...headers, 'content-type': form };
    if (form === text) return this.#stream(c, account, [letter], fields, classicPieces);
    if (form === mbox) return this.#stream(c, account, [letter], fields, mboxPieces);
    const length = String(letter.prefix.length + letter.sizeBytes - omittedBytes(letter.omitted));
    const disposition = `attachment; filename="letter-${letter.id}.eml"`;
    const asFile = { ...fields, 'content-length': length, 'content-disposition': disposition };
    return this.#stream(c, account, [letter], asFile, messagePieces);
  }

  /** Whose letters the path asks for, if the client may have them. */
  async #account(c: HttpContext): Promise<Account | Response> {
    const reader = await authenticate(c, this.#parts.policy);
    if (reader instanceof Response) return reader;
    const address = pathSegment(c, 2);
    const account = address === null ? null : this.#parts.policy.mailOf(reader, address);
    if (account?.ok === true) return account.value;
    return account?.refusal === 'not-yours'
      ? replyText(c, 403, 'These are not your letters.')
      : replyText(c, 400, 'The path does not name a mail address.');
  }

  async #json(c: HttpContext, account: Account, letter: Letter, headers: ReplyHeaders): Promise<Response> {
    if (!this.#takeRoom(c, [letter])) return busy(c);
    const shown = letterText(await this.#bytes(account, letter));
    const body = { ...letterJson(account.name, letter), text: shown.text, textIsWhole: shown.whole };
    return replyWhole(c, 200, json, formatJson(body), headers);
  }

  /**
   * Letters one after the other. One whose bytes cannot be had is shown by `unreadable`; without that, or where something
   * else fails, the response is broken off: half a backup must not pass for a whole one.
   */
  async #stream(
    c: HttpContext,
    account: Account,
    letters: readonly Letter[],
    headers: ReplyHeaders,
    pieces: Pieces,
    unreadable: Unreadable | null = null,
  ): Promise<Response> {
    if (c.req.method !== 'HEAD' && !this.#takeRoom(c, letters)) return busy(c);
    const { journal } = this.#parts;
    const load = async (letter: Letter): Promise<Uint8Array | { readonly fault: string }> => {
      try {
        return await this.#bytes(account, letter);
      } catch (error) {
        if (unreadable === null) throw error;
        return { fault: journalFault(journal, error) };
      }
    };
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (const [index, letter] of letters.entries()) {
        const bytes = await load(letter);
        if (bytes instanceof Uint8Array) yield* pieces(account.name, letter, bytes, index);
        else if (unreadable !== null) yield* unreadable(account.name, letter, bytes.fault, index);
      }
    }
    return replyStream(c, headers, chunks, (error) => void journalFault(journal, error));
  }

  /** Room for the largest of the letters, as one after the other is in memory; given back when the response is out. */
  #takeRoom(c: HttpContext, letters: readonly Letter[]): boolean {
    const { room } = this.#parts;
    const bytes = Math.max(0, ...letters.map(roomOf));
    if (!room.take(bytes)) return false;
    c.env.exchange.atEnd(() => room.give(bytes));
    return true;
  }

  /** The letter's bytes as they are served behind its prefix. */
  async #bytes(account: Account, letter: Letter): Promise<Uint8Array> {
    const bytes = await this.#parts.store.blob(account.id, letter.id);
    if (bytes === null) throw new Error(`letter ${letter.id} of account ${account.id} is without its bytes`);
    return letter.omitted.length === 0 ? bytes : Buffer.concat(keptPieces(bytes, letter.omitted));
  }
}

/** A letter that is served without a part of it is in memory twice for a moment. */
const roomOf = ({ sizeBytes, omitted }: Letter): number => (omitted.length === 0 ? sizeBytes : 2 * sizeBytes);

/** A letter in one representation; `index` counts the letters of the response. */
type Pieces = (
  account: AccountName,
  letter: Letter,
  bytes: Uint8Array,
  index: number,
) => Iterable<Uint8Array>;

/** A letter of a list whose bytes cannot be had; `fault` is what the log calls the reason. */
type Unreadable = (
  account: AccountName,
  letter: Letter,
  fault: string,
  index: number,
) => Iterable<Uint8Array>;

const classicPieces: Pieces = (account, letter, bytes) => [
  Buffer.from(classicLetter(account, letter, bytes)),
];

/** Letters of a list have an empty line between them, and say which they are. */
const classicListPieces: Pieces = (account, letter, bytes, index) => [
  Buffer.from(listed(account, letter, classicLetter(account, letter, bytes), index)),
];

const unreadablePieces: Unreadable = (account, letter, fault, index) => [
  Buffer.from(listed(account, letter, unreadableLetter(letter, fault), index)),
];

const listed = (account: AccountName, letter: Letter, shown: string, index: number): string =>
  `${index === 0 ? '' : '\n'}${shown}[Letter ${letter.id} of ${account}: ${letterPath(account, letter.id)}]\n`;

const mboxPieces: Pieces = (_account, letter, bytes) =>
  mboxEntry({ reversePath: reversePathOf(letter), receivedAt: letter.receivedAt }, letter.prefix, bytes);

const messagePieces: Pieces = function* wholeMessage(_account, letter, bytes) {
  if (letter.prefix.length > 0) yield letter.prefix;
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
};

function formFor<Form extends string>(c: HttpContext, forms: readonly Form[]): Form | null {
  const chosen = negotiate(c.req.header('accept') ?? null, forms);
  return forms.find((form) => form === chosen) ?? null;
}

/** RFC 9110 section 15.5.7. */
function notAcceptable(c: HttpContext, forms: readonly string[], hint = ''): Response {
  return replyText(c, 406, `There is ${forms.join(', ')}.${hint}`, { vary: 'Accept' });
}

/** Where to find what a list does not have. */
function wholeLetterHint(c: HttpContext, account: AccountName): string {
  return formFor(c, [message]) === null
    ? ''
    : ` ${message} is for one letter at a time: GET ${lettersPath(account)}/{id}.`;
}

function busy(c: HttpContext): Response {
  return replyText(c, 503, 'Too many letters are being fetched. Try again in 5 seconds.', {
    'retry-after': '5',
  });
}

function isKnown(c: HttpContext, etag: string): boolean {
  return namesTag(c.req.header('if-none-match') ?? null, etag);
}

/** Of everything that the bytes of a representation are made from. */
function tagOf(form: string, account: AccountName, letters: readonly Letter[], next: string | null): string {
  const parts = letters.flatMap((letter) => [
    letterPath(account, letter.id),
    String(letter.createdModSeq),
    letter.hash,
    letter.receivedAt,
    letter.forwardPath,
    Buffer.from(letter.prefix).toString('latin1'),
    JSON.stringify(letter.omitted),
  ]);
  return entityTag([formVersion, form, account, next, ...parts]);
}
