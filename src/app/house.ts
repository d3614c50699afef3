import { randomBytes } from 'node:crypto';
import { Authenticator } from '../accounts/authenticator.ts';
import { defaultEnrolmentLimits, Enroller } from '../accounts/enrol.ts';
import { Argon2Gate } from '../accounts/argon2-gate.ts';
import type { PasswordKind } from '../accounts/password.ts';
import type { ThrottleLimits } from '../accounts/throttle.ts';
import type { TokenVerifier } from '../accounts/tokens.ts';
import { systemClock } from '../net/clock.ts';
import type { Door, Place } from '../net/door.ts';
import { Gate, type Trust } from '../net/gate.ts';
import type { Journal } from '../net/journal.ts';
import { httpProtocols, openHttpsDoor } from '../net/https-door.ts';
import { openImapDoor } from '../net/imap-door.ts';
import { lettersRoutes } from '../net/letters-routes.ts';
import { Patience } from '../net/patience.ts';
import { Room } from '../net/room.ts';
import type { SmtpHouse } from '../net/smtp-conversation.ts';
import { openPop3Door } from '../net/pop3-door.ts';
import { openSmtpDoor } from '../net/smtp-door.ts';
import {
  explainCertificateRefusal,
  type CertificateFiles,
  type LoadedCertificate,
} from '../net/tls/certificate-files.ts';
import { CertificateSource, type ClientCertificates, type ServerPolicy } from '../net/tls/contexts.ts';
import type { UnixPlace } from '../net/unix-place.ts';
import { Admission, type AdmissionLimits } from '../policy/admission.ts';
import { Networks } from '../policy/networks.ts';
import type { RecipientTable } from '../policy/local-recipients-table.ts';
import { LocalRecipients } from '../policy/local-recipients.ts';
import { LettersPolicy } from '../policy/letters.ts';
import { accountNamed, SubmissionPolicy, type SubmissionRules } from '../policy/submission.ts';
import { Secret } from '../sasl/exchange.ts';
import { defaultExtensions } from '../smtp/extensions.ts';
import type { Limits } from '../smtp/limits.ts';
import type { Settings } from '../smtp/session.ts';
import type { Store } from '../store/port.ts';
import { cannotListen } from './cannot-listen.ts';
import { exchangerHouse, type ExchangerSetup } from './exchanger-house.ts';
import { imapHouse, type ImapSetup } from './imap-house.ts';
import { lmtpHouse, type LmtpSetup } from './lmtp-house.ts';
import { pop3House, type Pop3Setup } from './pop3-house.ts';
import { tokenVerifier, type TokenIssuerSetup } from './token-issuer.ts';

/** Everything that the doors of one thread are made from; plain data, so that it crosses to a worker thread. */
export type HouseSetup = {
  readonly host: string;
  /** Canonical; the first is the one that a bare user name belongs to. */
  readonly domains: readonly string[];
  readonly doors: {
    readonly submissions: Place | null;
    readonly submission: Place | null;
    readonly exchanger: Place | null;
    readonly lmtp: Place | UnixPlace | null;
    readonly imap: Place | null;
    readonly pop3: Place | null;
    readonly pop3Stls: Place | null;
    readonly https: Place | null;
  };
  readonly tls: {
    readonly certificate: string;
    readonly key: string;
    /** What opens the key, already found and tried; null where it is not encrypted. */
    readonly passphrase: string | null;
    /** Where it is read again at a reload; null where it came from elsewhere. */
    readonly passphraseFile: string | null;
    readonly clientCertificates: ClientCertificates;
    readonly clientAuthority: string | null;
  };
  readonly enrolment: {
    readonly open: boolean;
    readonly password: PasswordKind;
    readonly perNetworkHour: number;
  };
  /** What people of this server may send. */
  readonly submission: SubmissionRules;
  /** Who gets what that is sent to the domains. */
  readonly recipients: RecipientTable;
  readonly exchanger: ExchangerSetup;
  readonly lmtp: LmtpSetup;
  readonly imap: ImapSetup;
  readonly pop3: Pop3Setup;
  /** Who may connect: how many of each, counted in each thread, and who not at all. */
  readonly admission: { readonly limits: AdmissionLimits; readonly banned: readonly string[] };
  /** How failed logins slow the next ones down; counted in the store. */
  readonly throttle: ThrottleLimits;
  /** Whose word about a client's address is taken: by door, who begins with a PROXY header, and who may say XCLIENT. */
  readonly trust: {
    readonly proxies: ReadonlyMap<string, readonly string[]>;
    readonly proxyWaitMs: number;
    readonly xclient: readonly string[];
  };
  readonly limits: Limits;
  /** How long a peer may take for the next useful thing. */
  readonly idleMs: number;
  /** What of this thread's memory letters may take that own people send; as much those of other servers, those that are appended, and those that are read. */
  readonly roomBytes: number;
  readonly mailBeforeAuth: Settings['mailBeforeAuth'];
  /** Whether every SMTP command and reply is logged. */
  readonly trace: boolean;
  /** 48 octets that seal session tickets, the same in every thread. */
  readonly ticketKey: Uint8Array;
  /** The data folder's secret. */
  readonly secret: Uint8Array;
  /** Who issues access tokens; null where none are taken. */
  readonly tokenIssuer: TokenIssuerSetup | null;
};

/** The doors of one thread, open. */
export type House = {
  readonly doors: readonly Door[];
  /** Takes changed certificates into use; a sentence where that is refused and the old ones stay. */
  readonly reload: () => Promise<string | null>;
  readonly close: (graceMs: number) => Promise<void>;
};

/** A house that could not be opened, in words for the person who starts it. */
export class HouseRefused extends Error {
  override readonly name = 'HouseRefused';
}

/** What the doors of one thread are made with. */
type Inside = {
  readonly setup: HouseSetup;
  readonly store: Store;
  readonly journal: Journal;
  readonly gate: Gate;
  /** What the doors of submission share, and the others begin from. */
  readonly smtp: SmtpHouse;
  readonly parts: ReturnType<typeof residents>;
  /** The one of the doors of submission, and every one that a reload has to reach. */
  readonly certificates: CertificateSource;
  readonly sources: CertificateSource[];
};

/** Opens every door of the setup on this thread. Rejects with `HouseRefused`, and nothing left open. */
export async function openHouse(setup: HouseSetup, store: Store, journal: Journal): Promise<House> {
  const inside = await insideOf(setup, store, journal);
  const { gate, smtp, certificates } = inside;
  const doors: Door[] = [];
  const open = async <At extends Place | UnixPlace>(
    place: At | null,
    make: (place: At) => Promise<Door>,
  ): Promise<void> => {
    if (place === null) return;
    try {
      doors.push(await make(place));
    } catch (error) {
      await Promise.all(doors.map((door) => door.close(0)));
      throw new HouseRefused(cannotListen(place, error), { cause: error });
    }
  };
  const submissions = { certificates, house: smtp, gate };
  await open(setup.doors.submissions, (place) =>
    openSmtpDoor({ name: 'submissions', place, tls: 'implicit', ...submissions }),
  );
  await open(setup.doors.submission, (place) =>
    openSmtpDoor({ name: 'submission', place, tls: 'starttls', ...submissions }),
  );
  await open(setup.doors.exchanger, (place) => exchangerDoor(inside, place));
  await open(setup.doors.lmtp, (place) => lmtpDoor(inside, place));
  await open(setup.doors.imap, (place) => imapDoor(inside, place));
  await open(setup.doors.pop3, (place) => pop3Door(inside, place, 'implicit'));
  await open(setup.doors.pop3Stls, (place) => pop3Door(inside, place, 'starttls'));
  await open(setup.doors.https, (place) => httpsDoor(inside, place));
  return {
    doors,
    reload: async () => {
      for (const source of inside.sources) {
        const reloaded = await source.reload();
        if (!reloaded.ok) return explainCertificateRefusal(reloaded.refusal);
      }
      return null;
    },
    close: async (graceMs) => {
      await Promise.all(doors.map((door) => door.close(graceMs)));
    },
  };
}

async function insideOf(setup: HouseSetup, store: Store, journal: Journal): Promise<Inside> {
  const tokens = await tokenVerifier(setup.tokenIssuer, journal, () => systemClock.now());
  const parts = residents(setup, store, tokens);
  const certificates = await certificatesOf(setup, ['smtp']);
  const smtp: SmtpHouse = {
    settings: { ...settingsOf(setup), takesTokens: tokens !== null },
    policy: parts.policy,
    journal,
    patience: new Patience(systemClock, setup.idleMs),
    room: roomOf(setup),
  };
  const gate = gateOf(setup, journal);
  return { setup, store, journal, gate, smtp, parts, certificates, sources: [certificates] };
}

async function exchangerDoor(
  { setup, store, gate, smtp, parts, sources }: Inside,
  place: Place,
): Promise<Door> {
  const certificates = await certificatesOf(setup, ['smtp'], strangers);
  sources.push(certificates);
  const { recipients } = parts;
  const house = exchangerHouse({ ...smtp, room: roomOf(setup) }, setup.exchanger, { store, recipients });
  return openSmtpDoor({ name: 'exchanger', place, tls: 'starttls', certificates, house, gate });
}

/** A server in front is one holder for all whose letters it hands over, and may have the whole of its room. */
function lmtpDoor(
  { setup, store, gate, smtp, parts, certificates }: Inside,
  place: Place | UnixPlace,
): Promise<Door> {
  const startTls = !('path' in place);
  const { recipients } = parts;
  const room = new Room(setup.roomBytes);
  const house = lmtpHouse({ ...smtp, room }, setup.lmtp, { store, recipients, startTls });
  const common = { name: 'lmtp', place, house, gate };
  return openSmtpDoor(startTls ? { ...common, tls: 'starttls', certificates } : { ...common, tls: 'none' });
}

async function imapDoor({ setup, store, gate, smtp, parts, sources }: Inside, place: Place): Promise<Door> {
  const certificates = await certificatesOf(setup, ['imap']);
  sources.push(certificates);
  const { authenticator } = parts;
  const house = imapHouse(smtp, setup.imap, { store, authenticator, room: roomOf(setup) });
  return openImapDoor({ name: 'imap', place, certificates, house, gate });
}

/** Both doors ask for the application protocol that they speak, and so have a certificate source of their own. */
async function pop3Door(
  { setup, store, gate, smtp, parts, sources }: Inside,
  place: Place,
  tls: 'implicit' | 'starttls',
): Promise<Door> {
  const certificates = await certificatesOf(setup, ['pop3']);
  sources.push(certificates);
  const { authenticator } = parts;
  const house = pop3House(smtp, setup.pop3, { store, authenticator, startTls: tls === 'starttls' });
  return openPop3Door({
    name: tls === 'implicit' ? 'pop3' : 'pop3_stls',
    place,
    tls,
    certificates,
    house,
    gate,
  });
}

async function httpsDoor(
  { setup, store, journal, gate, parts, sources }: Inside,
  place: Place,
): Promise<Door> {
  const certificates = await certificatesOf(setup, httpProtocols);
  sources.push(certificates);
  const room = new Room(setup.roomBytes);
  const letters = lettersRoutes({ policy: parts.letters, store, room, journal });
  const clock = systemClock;
  return openHttpsDoor({ name: 'https', place, certificates, routes: [letters], gate, journal, clock });
}

function gateOf({ admission, trust, lmtp, doors }: HouseSetup, journal: Journal): Gate {
  const { proxyWaitMs } = trust;
  const xclient = new Networks(trust.xclient);
  // Who may use a Unix socket is said by the permissions of its file.
  const isUnix = doors.lmtp !== null && 'path' in doors.lmtp;
  const lmtpClients = isUnix ? null : new Networks(lmtp.clients);
  const trusted = [...trust.proxies].map(([door, proxies]): [string, Trust] => [
    door,
    {
      clients: door === 'lmtp' ? lmtpClients : null,
      proxies: new Networks(proxies),
      proxyWaitMs,
      xclient,
    },
  ]);
  const admissions = new Admission(admission.limits, admission.banned);
  return new Gate(admissions, systemClock, journal, new Map(trusted));
}

/** Reads the certificate and key once, asking for a pass phrase where nothing else gives it. */
export async function openCertificate(
  files: CertificateFiles,
  policy: Omit<ServerPolicy, 'applicationProtocols' | 'tickets' | 'minVersion'>,
): Promise<LoadedCertificate> {
  const opened = await CertificateSource.open(files, {
    ...policy,
    minVersion: 'TLSv1.3',
    applicationProtocols: null,
    tickets: 'off',
  });
  if (!opened.ok) throw new HouseRefused(explainCertificateRefusal(opened.refusal));
  return opened.value.certificate;
}

/** Those who answer for accounts and letters in this thread. */
export function residents(
  setup: Pick<
    HouseSetup,
    'host' | 'domains' | 'secret' | 'enrolment' | 'submission' | 'recipients' | 'throttle'
  > & {
    readonly exchanger: Pick<ExchangerSetup, 'authservId'>;
  },
  store: Store,
  tokens: TokenVerifier | null = null,
): {
  readonly policy: SubmissionPolicy;
  readonly letters: LettersPolicy;
  readonly authenticator: Authenticator;
  readonly recipients: LocalRecipients;
} {
  const gate = new Argon2Gate();
  const now = (): number => systemClock.now();
  const random = (bytes: number): Uint8Array => randomBytes(bytes);
  const canonical = (user: string): ReturnType<typeof accountNamed> => accountNamed(user, setup.domains);
  const authenticator = new Authenticator({
    store,
    now,
    random,
    secret: setup.secret,
    canonical,
    limits: setup.throttle,
    gate,
    tokens,
  });
  const limits = { ...defaultEnrolmentLimits, perNetwork: setup.enrolment.perNetworkHour };
  const enroller = new Enroller({ store, now, random, gate, limits });
  const { host, domains } = setup;
  const passwordKind = setup.enrolment.password;
  const recipients = new LocalRecipients(setup.recipients, store);
  const people = { store, authenticator, enroller, host, domains, passwordKind, now };
  const { authservId } = setup.exchanger;
  const policy = new SubmissionPolicy({ ...people, recipients, random, authservId, rules: setup.submission });
  return { policy, letters: new LettersPolicy({ store, authenticator, domains }), authenticator, recipients };
}

/** Room for letters on their way in; nobody may have more than half of it. */
const roomOf = ({ roomBytes }: HouseSetup): Room => new Room(roomBytes, roomBytes / 2);

function settingsOf(setup: HouseSetup): Settings {
  return {
    host: setup.host,
    door: 'submission',
    extensions: defaultExtensions.submission,
    limits: setup.limits,
    startTls: true,
    enrolment: setup.enrolment.open,
    mailBeforeAuth: setup.mailBeforeAuth,
    protection: 'required',
    trace: setup.trace,
    random: (bytes) => randomBytes(bytes),
  };
}

/** TLS with other servers: they may be old, need no certificate, and a session of theirs cannot be taken up again. */
const strangers: Partial<ServerPolicy> = {
  minVersion: 'TLSv1.2',
  clientCertificates: 'off',
  clientAuthority: null,
  tickets: 'off',
};

async function certificatesOf(
  setup: HouseSetup,
  applicationProtocols: readonly string[],
  changes: Partial<ServerPolicy> = {},
): Promise<CertificateSource> {
  const { certificate, key, passphrase, passphraseFile, clientCertificates, clientAuthority } = setup.tls;
  const known = passphrase === null ? {} : { passphrase: new Secret(passphrase) };
  const opened = await CertificateSource.open(
    { certificate, key, ...(passphraseFile === null ? known : { passphraseFile }) },
    {
      minVersion: 'TLSv1.3',
      clientCertificates,
      clientAuthority,
      applicationProtocols,
      tickets: Buffer.from(setup.ticketKey),
      handshakeMs: setup.idleMs,
      ...changes,
    },
  );
  if (!opened.ok) throw new HouseRefused(explainCertificateRefusal(opened.refusal));
  return opened.value;
}
