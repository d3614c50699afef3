import {
  AUTHENTIC_DATA,
  decode,
  encode,
  RECURSION_DESIRED,
  type Answer,
  type DecodedPacket,
  type MxAnswer,
  type OptAnswer,
  type TlsaAnswer,
} from 'dns-packet';

/** The types of records that are asked for. */
export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'TLSA' | 'TXT';

/** What one record says, by its type, in the shapes of `node:dns`. */
export type RecordValue = string | readonly string[] | MxRecord | TlsaRecord;
/** `exchange` is empty for the null MX (RFC 7505 section 3). */
export type MxRecord = { readonly exchange: string; readonly priority: number };
export type TlsaRecord = {
  readonly certUsage: number;
  readonly selector: number;
  readonly match: number;
  readonly data: Uint8Array;
};

/** One question on its way: the id and the spelling of the name are what a forger would have to guess. */
export type Query = {
  readonly id: number;
  readonly name: string;
  readonly type: RecordType;
  /** Whether the server is told how much a datagram may hold (RFC 6891 section 6.2.3). */
  readonly edns: boolean;
};

/** So much fits into one datagram on nearly every path without being cut to pieces (RFC 6891 section 6.2.5). */
const datagramBytes = 1232;

/** RFC 1035 section 2.3.4, less the octet of the root label and the first length. */
const longestName = 253;
const longestLabel = 63;

/** The name as it is asked for: lower case, no dot at its end; null for what can be no name (RFC 1035 section 2.3.4). */
export function questionName(name: string): string | null {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  if (bare.length > longestName || !/^[!-~]+$/.test(bare)) return null;
  const labels = bare.split('.');
  return labels.every((label) => label !== '' && label.length <= longestLabel) ? bare.toLowerCase() : null;
}

/** The same name in a spelling of upper and lower case that `bits` chooses, one bit a letter. */
export function respell(name: string, bits: Uint8Array): string {
  let result = '';
  for (let at = 0; at < name.length; at++) {
    const upper = ((bits[(at >> 3) % bits.length] ?? 0) >> (at & 7)) & 1;
    result += upper === 1 ? name.charAt(at).toUpperCase() : name.charAt(at);
  }
  return result;
}

/** The query as a message (RFC 1035 section 4.1). It asks for the AD bit (RFC 6840 section 5.7). */
export function formatQuery({ id, name, type, edns }: Query): Buffer {
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ type, name, class: 'IN' }],
    additionals: edns ? [opt] : [],
  });
}

const opt: OptAnswer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: datagramBytes,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** What a message is to a query: its response; one in other letter case; or none of this query's. */
export type Match =
  | { readonly is: 'response' | 'respelled'; readonly packet: DecodedPacket }
  | { readonly is: 'stranger' };

/** Whether the bytes answer this very query (RFC 5452 section 9.1). */
export function matchResponse(query: Query, bytes: Uint8Array): Match {
  const packet = decoded(bytes);
  const [question, more] = packet?.questions ?? [];
  if (packet === null || question === undefined || more !== undefined) return { is: 'stranger' };
  const { id, type, name } = query;
  const same =
    packet.flag_qr && packet.id === id && question.type === type && (question.class ?? 'IN') === 'IN';
  if (!same || question.name.toLowerCase() !== name.toLowerCase()) return { is: 'stranger' };
  return { is: question.name === name ? 'response' : 'respelled', packet };
}

function decoded(bytes: Uint8Array): DecodedPacket | null {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    // Whatever cannot be read is no answer of a name server's.
    return null;
  }
}

/** What a response says about a name. `ttlSeconds`: how long it may be believed. */
export type Reading =
  | { readonly is: 'records'; readonly records: readonly RecordValue[]; readonly ttlSeconds: number }
  /** The name goes by another one, of which this response says nothing. */
  | { readonly is: 'alias'; readonly name: string; readonly ttlSeconds: number }
  | { readonly is: 'no-name' | 'no-data'; readonly ttlSeconds: number }
  /** The server does not know what the OPT record is. */
  | { readonly is: 'no-edns' }
  | { readonly is: 'failure'; readonly code: 'ESERVFAIL' | 'EREFUSED' | 'EBADRESP' };

/** So many aliases of aliases are followed. */
export const mostAliases = 8;

/** Where a zone does not say how long a missing name stays missing. */
const quietNegativeSeconds = 60;

/** Reads a response, following the aliases in it from `name` on (RFC 1034 section 5.3.3). */
export function readResponse(packet: DecodedPacket, name: string, type: RecordType): Reading {
  const code = (packet.flags ?? 0) & 0xf;
  if (code === 1 || code === 4) return { is: 'no-edns' };
  if (code === 5) return { is: 'failure', code: 'EREFUSED' };
  if (code !== 0 && code !== 3) return { is: 'failure', code: 'ESERVFAIL' };
  let owner = name.toLowerCase();
  let ttlSeconds = Infinity;
  const answers = packet.answers ?? [];
  for (let aliases = 0; ; aliases++) {
    const own = answers.filter((answer) => ownedBy(answer, owner, type));
    if (own.length > 0) {
      const records = own.map(recordValue).filter((value) => value !== null);
      ttlSeconds = Math.min(ttlSeconds, ...own.map(ttlOf));
      return records.length === own.length
        ? { is: 'records', records, ttlSeconds }
        : { is: 'failure', code: 'EBADRESP' };
    }
    const alias = answers.find((answer) => ownedBy(answer, owner, 'CNAME'));
    if (alias?.type !== 'CNAME') break;
    ttlSeconds = Math.min(ttlSeconds, ttlOf(alias));
    const next = questionName(alias.data);
    if (next === null || aliases >= mostAliases) return { is: 'failure', code: 'EBADRESP' };
    owner = next;
  }
  const negative = Math.min(ttlSeconds, negativeSeconds(packet));
  // Behind an alias NXDOMAIN speaks of the last name (RFC 6604 section 3).
  if (code === 3) return { is: 'no-name', ttlSeconds: negative };
  if (owner === name.toLowerCase() || soaOf(packet) !== undefined)
    return { is: 'no-data', ttlSeconds: negative };
  return { is: 'alias', name: owner, ttlSeconds };
}

function ownedBy(answer: Answer, owner: string, type: RecordType): boolean {
  return (
    answer.type === type &&
    answer.name.toLowerCase() === owner &&
    (!('class' in answer) || answer.class === 'IN')
  );
}

const ttlOf = (answer: Answer): number => ('ttl' in answer ? (answer.ttl ?? 0) : 0);

const soaOf = (packet: DecodedPacket): Answer | undefined =>
  packet.authorities?.find(({ type }) => type === 'SOA');

/** How long a name that is missing may be taken to be missing (RFC 2308 section 5). */
function negativeSeconds(packet: DecodedPacket): number {
  const soa = soaOf(packet);
  return soa?.type === 'SOA' ? Math.min(ttlOf(soa), soa.data.minimum ?? 0) : quietNegativeSeconds;
}

function recordValue(answer: Answer): RecordValue | null {
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      return answer.data;
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return rootless(answer.data);
    case 'MX':
      return mxRecord(answer);
    case 'TLSA':
      return tlsaRecord(answer);
    case 'TXT':
      return characterStrings(answer.data);
    default:
      return null;
  }
}

const rootless = (name: string): string => (name === '.' ? '' : name);

const mxRecord = ({ data }: MxAnswer): MxRecord => ({
  exchange: rootless(data.exchange),
  priority: data.preference ?? 0,
});

const tlsaRecord = ({ data }: TlsaAnswer): TlsaRecord => ({
  certUsage: data.usage,
  selector: data.selector,
  match: data.matchingType,
  data: data.certificate,
});

/** The character-strings of a TXT record (RFC 1035 section 3.3.14), a byte a character. */
const characterStrings = (data: string | Buffer | readonly (string | Buffer)[]): readonly string[] => {
  const strings = Array.isArray(data) ? data : [data];
  return strings.map((one: string | Buffer) => (typeof one === 'string' ? one : one.toString('latin1')));
};
