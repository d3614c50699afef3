import { z } from 'zod';
import { addressClaims, signatureAlgorithms } from '../accounts/issuer.ts';
import { domainProblem } from '../mail/domain.ts';
import { addressLiteralOf } from '../mail/ip-address.ts';
import { parseNameServer } from '../net/resolver-servers.ts';
import { defaultAdmissionLimits } from '../policy/admission.ts';
import { defaultLimits } from '../smtp/limits.ts';
import { accessKeys } from './config-access.ts';
import { door, lmtpDoor, lmtpKeys, pop3Keys } from './config-doors.ts';
import { imapKeys } from './config-imap.ts';
import { storeKeys } from './config-store.ts';
import { submissionKeys } from './config-submission.ts';
import { throttleKeys } from './config-throttle.ts';

/** A set of defaults: `classic` is the small system of the two servers and two interactive clients. */
export type Profile = 'standard' | 'classic';

const profileDefaults = {
  standard: { domains: ['localhost'], open: false, password: 'strong', clientCertificates: 'off' },
  classic: { domains: ['447.edu'], open: true, password: 'classic', clientCertificates: 'ask' },
} as const;

/** Keys that name files which must be there before the server starts. */
export const fileKeys = [
  ['tls', 'certificate'],
  ['tls', 'key'],
  ['tls', 'passphrase_file'],
  ['tls', 'client_ca'],
  ['oauth', 'keys_file'],
  ['oauth', 'keys_ca'],
] as const;

/** Every key of the configuration file with its default in this profile, its limits, and what it is for. */
export function configSchema(profile: Profile) {
  const defaults = profileDefaults[profile];
  return z.strictObject({
    profile: z
      .enum(['standard', 'classic'])
      .default(profile)
      .describe(
        'The set of defaults: "classic" has the domain 447.edu, open enrolment and eight-digit passwords.',
      ),
    host: z
      .string()
      .refine(isHost, { error: 'expected a host name in ASCII' })
      .default('localhost')
      .describe("This server's name: in its greeting, its Received fields and its certificate."),
    domains: z
      .array(
        z.string().refine((domain) => domainProblem(domain) === null, { error: 'expected a mail domain' }),
      )
      .min(1, { error: 'expected at least one domain' })
      .default([...defaults.domains])
      .describe('The mail domains that have their mailboxes here.'),
    data: path()
      .default('.letterlock')
      .describe('The folder that keeps accounts, letters and development certificates.'),
    threads: z
      .union([z.literal('auto'), z.int().min(1).max(256)], {
        error: 'expected "auto" or a whole number from 1 to 256',
      })
      .default('auto')
      .describe('How many threads serve connections; "auto" decides by the processors.'),
    listen: z
      .strictObject({
        submissions: door(4650).describe(
          'Submission of mail with TLS from the first byte (port 465 in production).',
        ),
        submission: door(5870).describe(
          'Submission of mail that turns to TLS by STARTTLS (port 587 in production).',
        ),
        exchanger: door(2525).describe(
          'Mail from other servers, for the domains of this one (port 25 in production). STARTTLS is theirs to use.',
        ),
        lmtp: lmtpDoor(2424).describe(
          'Letters that a mail server of this house hands over for delivery, by LMTP (such as Postfix).',
        ),
        imap: door(9930).describe('Letters over IMAP with TLS from the first byte (port 993 in production).'),
        pop3: door(9950).describe('Letters over POP3 with TLS from the first byte (port 995 in production).'),
        pop3_stls: door(1100, 'closed').describe(
          'Letters over POP3 that turns to TLS by STLS (port 110 in production). Programs that can should use listen.pop3.',
        ),
        https: door(8443).describe('Letters over HTTPS (port 443 in production).'),
      })
      .prefault({})
      .describe('The doors, each with its address and port.'),
    tls: tlsKeys(defaults.clientCertificates),
    enrolment: z
      .strictObject({
        open: z.boolean().default(defaults.open).describe('Whether anyone may make an account by XENROL.'),
        password: z
          .enum(['strong', 'classic'])
          .default(defaults.password)
          .describe(
            'What a new account gets: a strong pass phrase, or the eight digits of the classic programs.',
          ),
      })
      .prefault({})
      .describe('New accounts that people make themselves.'),
    submission: submissionKeys(),
    imap: imapKeys(),
    oauth: oauthKeys(),
    exchanger: exchangerKeys(),
    lmtp: lmtpKeys(),
    pop3: pop3Keys(),
    aliases: aliasKeys(),
    recipients: recipientKeys(),
    dns: dnsKeys(),
    access: accessKeys(),
    throttle: throttleKeys(),
    store: storeKeys(),
    limits: limitKeys(),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .default('info')
          .describe('The least important events that are still logged.'),
        format: z
          .enum(['auto', 'json', 'text'])
          .default('auto')
          .describe(
            '"json" is one object a line, "text" is for people; "auto" is text at a terminal, else json.',
          ),
      })
      .prefault({})
      .describe('The log, one line an event.'),
  });
}

/** The configuration in the spelling of the file, every key present, paths absolute. */
export type ConfigKeys = z.output<ReturnType<typeof configSchema>>;

function exchangerKeys() {
  const domain = () =>
    z.string().refine((text) => domainProblem(text) === null, { error: 'expected a domain' });
  return z
    .strictObject({
      authserv_id: z
        .string()
        .refine(isHost, { error: 'expected a host name in ASCII' })
        .nullable()
        .default(null)
        .describe('The name under which findings are reported in Authentication-Results. Not set: the host.'),
      authentication_seconds: z
        .int()
        .min(1)
        .max(300)
        .default(10)
        .describe('How long finding out who sent a letter may wait for the DNS.'),
      dmarc_reject: z
        .enum(['refuse', 'mark'])
        .default('refuse')
        .describe('What becomes of a letter that fails DMARC where its domain asks for rejection.'),
      dmarc_quarantine: z
        .enum(['refuse', 'mark'])
        .default('mark')
        .describe('The same where its domain asks for quarantine.'),
      spf_fail: z
        .enum(['refuse', 'mark'])
        .default('mark')
        .describe("The same where the sender's domain says that the client may not send for it."),
      temporary: z
        .enum(['defer', 'mark'])
        .default('mark')
        .describe('The same where the DNS has no answer by now: "defer" asks to come again later.'),
      trusted_sealers: z
        .array(domain())
        .default([])
        .describe('Domains of mailing lists whose ARC seals are believed.'),
    })
    .prefault({})
    .describe('What becomes of letters from strangers; "mark" delivers them with the findings on top.');
}

function aliasKeys() {
  return z
    .record(z.string(), z.array(z.string()))
    .default({})
    .describe('Addresses that stand for others here: "sales@example.org" = ["alice@example.org"].');
}

function recipientKeys() {
  return z
    .strictObject({
      detail_separator: z
        .string()
        .default('+')
        .describe('What stands between an address and its detail (alice+news@…); empty for no details.'),
      postmaster: z
        .string()
        .default('first')
        .describe(
          'Who gets mail for postmaster and abuse where nobody has these names: an address, or "first" for the account that was made first.',
        ),
      catch_all: z
        .record(z.string(), z.string())
        .default({})
        .describe('By domain, who gets what nobody has: "example.org" = "alice@example.org".'),
    })
    .prefault({})
    .describe('Who gets what.');
}

function dnsKeys() {
  return z
    .strictObject({
      servers: z
        .array(
          z.string().refine((text) => parseNameServer(text) !== null, {
            error: 'expected an IP address, with a port or without',
          }),
        )
        .default([])
        .describe("The name servers that are asked, with a port or without. None: this machine's."),
    })
    .prefault({})
    .describe('The DNS.');
}

function tlsKeys(clientCertificates: 'off' | 'ask') {
  return z
    .strictObject({
      certificate: path()
        .nullable()
        .default(null)
        .describe(
          "A PEM file: the server's certificate and those that lead to its authority. Not set: a development one.",
        ),
      key: path()
        .nullable()
        .default(null)
        .describe("A PEM file: the certificate's private key, encrypted or not."),
      passphrase_file: path().nullable().default(null).describe('A file whose first line opens the key.'),
      passphrase_env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected the name of an environment variable' })
        .nullable()
        .default(null)
        .describe('The environment variable that opens the key.'),
      client_certificates: z
        .enum(['off', 'ask', 'require'])
        .default(clientCertificates)
        .describe('Whether clients are asked for certificates: "ask" takes none and unknown ones as well.'),
      client_ca: path()
        .nullable()
        .default(null)
        .describe(
          "A PEM file: the authorities of the clients' certificates. Not set: the development authority.",
        ),
    })
    .prefault({})
    .describe("The server's certificate and what it wants of its clients'.");
}

function oauthKeys() {
  const httpsUrl = () =>
    z.string().refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:', {
      error: 'expected an address that begins with https://',
    });
  return z
    .strictObject({
      issuer: httpsUrl()
        .nullable()
        .default(null)
        .describe('Whose access tokens log in: the "iss" of them, to the letter. Not set: nobody\'s.'),
      audience: z
        .array(z.string().min(1, { error: 'expected a name' }))
        .default([])
        .describe('What the issuer calls this server: one of these must be the "aud" of a token.'),
      keys_url: httpsUrl()
        .nullable()
        .default(null)
        .describe('Where the issuer publishes its keys (its jwks_uri). Either this or keys_file.'),
      keys_file: path()
        .nullable()
        .default(null)
        .describe("A file with the issuer's keys, a JSON Web Key Set."),
      keys_ca: path()
        .nullable()
        .default(null)
        .describe('A PEM file: the authorities of the server of keys_url. Not set: the public ones.'),
      algorithms: z
        .array(z.enum(signatureAlgorithms))
        .min(1, { error: 'expected at least one algorithm' })
        .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'])
        .describe('How the issuer may sign.'),
      address_claim: z
        .enum(addressClaims)
        .default('email')
        .describe(
          'What of a token is the address of the account; "email" counts where "email_verified" is true.',
        ),
      scope: z
        .string()
        .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'expected one scope' })
        .nullable()
        .default(null)
        .describe('A scope that a token must have. Not set: none in particular.'),
    })
    .prefault({})
    .describe('Access tokens (OAUTHBEARER, XOAUTH2) that are signed JSON Web Tokens.');
}

function limitKeys() {
  const limit = (least: number, most: number, value: number) => z.int().min(least).max(most).default(value);
  return z
    .strictObject({
      message_bytes: limit(65_536, 4_294_967_296, defaultLimits.messageBytes).describe(
        'The longest letter that is taken (RFC 5321 section 4.5.3.1.7 asks for 65,536).',
      ),
      recipients: limit(100, 100_000, defaultLimits.recipients).describe(
        'Recipients of one letter (RFC 5321 section 4.5.3.1.8 asks for 100).',
      ),
      command_line_bytes: limit(512, 1_048_576, defaultLimits.commandLineBytes).describe(
        'The longest command with its line end (RFC 5321 section 4.5.3.1.4 asks for 512).',
      ),
      auth_line_bytes: limit(512, 1_048_576, defaultLimits.authLineBytes).describe(
        'The longest line of an authentication (RFC 4954 section 4 asks for 12,288).',
      ),
      errors: limit(1, 1_000_000, defaultLimits.errors).describe('Refused commands before a session ends.'),
      failed_logins: limit(1, 1000, defaultLimits.failedLogins).describe(
        'Failed logins before a session ends.',
      ),
      idle_commands: limit(1, 1_000_000, defaultLimits.idleCommands).describe(
        'Commands that move no letter, between two letters, before a session ends.',
      ),
      transactions: limit(0, 999_999, defaultLimits.transactions).describe(
        'MAIL commands of one connection (RFC 9422 section 4.1); 0 is any number.',
      ),
      idle_seconds: limit(1, 86_400, 300).describe(
        'How long a client may stay silent (RFC 5321 section 4.5.3.2.7 asks for 300).',
      ),
      connections: limit(1, 1_000_000, defaultAdmissionLimits.connections).describe(
        'Connections at once, from everybody; this and the next three are for each thread.',
      ),
      connections_per_address: limit(1, 1_000_000, defaultAdmissionLimits.connectionsPerAddress).describe(
        'Connections at once from one IPv4 address or one IPv6 /64.',
      ),
      connections_per_network: limit(1, 1_000_000, defaultAdmissionLimits.connectionsPerNetwork).describe(
        'Connections at once from one IPv4 /24 or one IPv6 /48.',
      ),
      connections_per_minute: limit(0, 1_000_000, defaultAdmissionLimits.connectionsPerMinute).describe(
        'Connections that one address may begin in a minute; 0 is any number.',
      ),
    })
    .prefault({})
    .describe('The bounds of a session, and of how many there are.');
}

function path() {
  return z
    .string()
    .min(1, { error: 'expected a path' })
    .refine((text) => !text.includes('\0'), { error: 'expected a path without NUL' });
}

function isHost(host: string): boolean {
  return (
    /^[A-Za-z0-9.-]{1,253}$/.test(host) && addressLiteralOf(host) === null && domainProblem(host) === null
  );
}
