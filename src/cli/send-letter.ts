import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { HouseRefused } from '../app/house.ts';
import { formatAddress, needsSmtpUtf8, parseAddress, type Address } from '../mail/address.ts';
import { parseAddressList, type Mailbox } from '../mail/address-list.ts';
import { composeWithAttachments } from '../mail/compose-attachments.ts';
import { asciiDomain } from '../mail/domain.ts';
import { Header, splitMessage } from '../mail/header.ts';
import { systemClock } from '../net/clock.ts';

/** What the command line says of the letter, as commander gives it. */
export type LetterOptions = {
  readonly file?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly cc?: readonly string[];
  readonly subject?: string;
  readonly body?: string;
  readonly attach?: readonly string[];
};

/** A letter and its envelope, ready to be sent: every line ends in CRLF. */
export type Outgoing = {
  readonly sender: Address;
  readonly recipients: readonly Address[];
  readonly bytes: Uint8Array;
  /** Whether an address or the header has what only a server with SMTPUTF8 takes (RFC 6531 section 3.1). */
  readonly smtpUtf8: boolean;
};

/** The letter of the command line. Throws `HouseRefused` where a person must change something. */
export async function outgoingLetter(options: LetterOptions): Promise<Outgoing> {
  const letter = options.file === undefined ? await composed(options) : await fromFile(options.file, options);
  const { sender, recipients, bytes } = letter;
  if (recipients.length === 0) throw new HouseRefused('nobody is to get the letter: give --to');
  const header = Buffer.from(bytes.subarray(0, splitMessage(bytes).headerEnd)).toString('latin1');
  const smtpUtf8 =
    /[\u0080-\u00FF]/.test(header) ||
    [sender, ...recipients].some(({ localPart }) => needsSmtpUtf8({ localPart, domain: 'localhost' }));
  return { ...letter, smtpUtf8 };
}

type Letter = Omit<Outgoing, 'smtpUtf8'>;

async function composed(options: LetterOptions): Promise<Letter> {
  if (options.from === undefined) throw new HouseRefused('--from is missing: whom is the letter from?');
  const from = mailboxes('--from', [options.from])[0];
  if (from === undefined) throw new HouseRefused('--from names nobody');
  const to = mailboxes('--to', options.to ?? []);
  const cc = mailboxes('--cc', options.cc ?? []);
  const attachments = await Promise.all(
    (options.attach ?? []).map(async (file) => ({
      name: basename(file),
      mediaType: mediaTypes.get(extname(file).toLowerCase()) ?? null,
      bytes: await readFile(file),
    })),
  );
  const draft = {
    from,
    to,
    cc,
    subject: options.subject ?? '',
    text: await bodyText(options.body ?? ''),
    date: systemClock.now(),
    messageId: `${randomBytes(16).toString('hex')}@${asciiDomain(from.address.domain)}`,
  };
  const bytes = composeWithAttachments(draft, attachments, randomBytes(18).toString('hex'));
  return { sender: from.address, recipients: distinct([...to, ...cc]), bytes };
}

/** What readers show instead of saving it, by the end of the file's name. Text is not here: its charset is not known. */
const mediaTypes: ReadonlyMap<string, string> = new Map([
  ['.pdf', 'application/pdf'],
  ['.zip', 'application/zip'],
  ['.png', 'image/png'],
  ['.jpg', 'image/jpeg'],
  ['.jpeg', 'image/jpeg'],
  ['.gif', 'image/gif'],
  ['.webp', 'image/webp'],
  ['.mp3', 'audio/mpeg'],
  ['.mp4', 'video/mp4'],
]);

async function bodyText(body: string): Promise<string> {
  if (!body.startsWith('@')) return body;
  const file = body.slice(1);
  const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
  if (!Buffer.from(bytes.toString('utf8')).equals(bytes)) {
    const what = file === '-' ? 'standard input' : file;
    throw new HouseRefused(`${what} is no text in UTF-8: send it with --attach`);
  }
  return bytes.toString('utf8');
}

async function fromFile(file: string, options: LetterOptions): Promise<Letter> {
  const { subject, body, attach } = options;
  if (subject !== undefined || body !== undefined || attach !== undefined)
    throw new HouseRefused('--file is a whole letter: --subject, --body and --attach do not go with it');
  const raw = file === '-' ? await buffer(process.stdin) : await readFile(file);
  if (raw.length === 0) throw new HouseRefused('the letter is empty');
  const bytes = withCrlf(raw);
  const named = envelopeOf(bytes);
  const given = distinct([...mailboxes('--to', options.to ?? []), ...mailboxes('--cc', options.cc ?? [])]);
  const sender = options.from === undefined ? named.from[0] : mailboxes('--from', [options.from])[0];
  if (sender === undefined) throw new HouseRefused('the letter has no From with an address: give --from');
  return {
    sender: sender.address,
    recipients: given.length > 0 ? given : distinct(named.to),
    bytes,
  };
}

/** A letter with LF line ends is given CRLF; where a bare CR stands nobody knows what was meant. */
function withCrlf(raw: Buffer): Buffer {
  const text = raw.toString('latin1');
  const bare = /\r(?!\n)/.exec(text);
  if (bare !== null) {
    const line = text.slice(0, bare.index).split('\n').length;
    throw new HouseRefused(
      `line ${line} of the letter has a carriage return without a line feed, which no letter may have`,
    );
  }
  const lines = text.replaceAll(/\r?\n/g, '\r\n');
  return Buffer.from(lines.endsWith('\r\n') ? lines : `${lines}\r\n`, 'latin1');
}

type Named = { readonly from: readonly Mailbox[]; readonly to: readonly Mailbox[] };

function envelopeOf(bytes: Uint8Array): Named {
  const header = new Header(bytes);
  checkBcc(header);
  const from: Mailbox[] = [];
  const to: Mailbox[] = [];
  for (const field of header.fields) {
    const { name } = field;
    const list = name === 'from' ? from : name === 'to' || name === 'cc' ? to : null;
    for (const item of list === null ? [] : parseAddressList(header.value(field, Infinity)))
      for (const one of item.is === 'group' ? item.members : [item])
        if (one.address !== null) list?.push({ name: one.name, address: one.address });
  }
  return { from, to };
}

/** Not every server takes the field out. */
function checkBcc({ fields }: Header): void {
  for (const { name } of fields)
    if (name === 'bcc')
      throw new HouseRefused(
        'the letter has a Bcc field, which others may get to read: take it out, and name everybody with --to',
      );
}

/** The mailboxes of an option: addresses, with or without a name, several with commas. */
function mailboxes(option: string, texts: readonly string[]): Mailbox[] {
  return texts.flatMap((text) =>
    parseAddressList(text).map((item): Mailbox => {
      const address = item.is === 'mailbox' ? item.address : null;
      const parsed = address === null ? null : parseAddress(formatAddress(address));
      if (item.is !== 'mailbox' || parsed === null || !parsed.ok)
        throw new HouseRefused(`${option} ${JSON.stringify(text)} is no address`);
      return { name: item.name, address: parsed.value };
    }),
  );
}

function distinct(list: readonly Mailbox[]): Address[] {
  const found = new Map(list.map(({ address }) => [formatAddress(address), address]));
  return [...found.values()];
}
