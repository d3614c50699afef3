/** An Argon2id hash with its parameters (RFC 9106), as the PHC string format writes it down. */
export type Argon2Hash = {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
};

const pattern =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,6}),t=([1-9]\d{0,3}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,128})\$([A-Za-z0-9+/]{16,128})$/;

/** Reads `$argon2id$v=19$m=…,t=…,p=…$salt$hash`; null where it is anything else. */
export const parseArgon2Hash = (text: string): Argon2Hash | null => {
  const [, memory, passes, parallelism, salt = '', hash = ''] = pattern.exec(text) ?? [];
  if (hash === '') return null;
  const parsed = {
    memoryKib: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
  return formatArgon2Hash(parsed) === text ? parsed : null;
};

/** Writes the PHC string; base64 without padding. */
export const formatArgon2Hash = ({ memoryKib, passes, parallelism, salt, hash }: Argon2Hash): string =>
  `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');
