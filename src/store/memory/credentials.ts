import type { AccountStore } from '../port.ts';
import { ok, refused } from '../../result.ts';
import { checkAppPassword, checkSha256, MAX_CREDENTIALS } from '../rules.ts';
import type { World } from './world.ts';

type CredentialVerbs = PasswordVerbs & CertificateVerbs;
type PasswordVerbs = Pick<
  AccountStore,
  'appPasswords' | 'appPassword' | 'addAppPassword' | 'removeAppPassword' | 'noteAppPasswordUse'
>;
type CertificateVerbs = Pick<
  AccountStore,
  'boundCertificates' | 'accountsOfCertificate' | 'bindCertificate' | 'unbindCertificate'
>;

/** What else than the password opens an account. */
export const credentialVerbs = (world: World): CredentialVerbs => ({
  ...passwordVerbs(world),
  ...certificateVerbs(world),
});

const passwordVerbs = (world: World): PasswordVerbs => ({
  appPasswords: (account) => world.box(account)?.appPasswords ?? [],
  appPassword: (account, sha256) =>
    world.box(account)?.appPasswords.find((own) => own.sha256 === sha256) ?? null,
  addAppPassword: async (account, { label, sha256, scope, createdAt, expiresAt }) => {
    checkAppPassword({ sha256, scope });
    const box = world.box(account);
    if (box === undefined) return refused('no-account');
    if (box.appPasswords.some((own) => own.label === label || own.sha256 === sha256))
      return refused('exists');
    if (box.appPasswords.length >= MAX_CREDENTIALS) return refused('too-many');
    const made = { label, sha256, scope: [...scope], createdAt, lastUsedOn: null, expiresAt };
    box.appPasswords = [...box.appPasswords, made];
    return ok(null);
  },
  removeAppPassword: async (account, label) => {
    const box = world.box(account);
    if (!box?.appPasswords.some((own) => own.label === label)) return refused('no-app-password');
    box.appPasswords = box.appPasswords.filter((own) => own.label !== label);
    return ok(null);
  },
  noteAppPasswordUse: async (account, sha256, usedOn) => {
    checkSha256(sha256);
    const box = world.box(account);
    if (box === undefined) return;
    box.appPasswords = box.appPasswords.map((own) =>
      own.sha256 === sha256 ? { ...own, lastUsedOn: Math.max(usedOn, own.lastUsedOn ?? usedOn) } : own,
    );
  },
});

const certificateVerbs = (world: World): CertificateVerbs => ({
  boundCertificates: (account) => world.box(account)?.certificates ?? [],
  accountsOfCertificate: (sha256) =>
    [...world.kept.boxes.values()]
      .filter(({ certificates }) => certificates.some((certificate) => certificate.sha256 === sha256))
      .map(({ account }) => account),
  bindCertificate: async (account, { sha256, subject, boundAt }) => {
    checkSha256(sha256);
    const box = world.box(account);
    if (box === undefined) return refused('no-account');
    if (box.certificates.some((own) => own.sha256 === sha256)) return refused('exists');
    if (box.certificates.length >= MAX_CREDENTIALS) return refused('too-many');
    box.certificates = [...box.certificates, { sha256, subject, boundAt }];
    return ok(null);
  },
  unbindCertificate: async (account, sha256) => {
    checkSha256(sha256);
    const box = world.box(account);
    if (!box?.certificates.some((own) => own.sha256 === sha256)) return refused('not-bound');
    box.certificates = box.certificates.filter((own) => own.sha256 !== sha256);
    return ok(null);
  },
});
