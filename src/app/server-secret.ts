import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HouseRefused } from './house.ts';
import { createOnce, ensurePrivateFolder, errorCode } from '../net/tls/durable-file.ts';

const secretBytes = 32;

/**
 * The secret of a data folder: 32 bytes, made by whichever process comes first, the same ever after. Forged SCRAM keys
 * come from it, so that an unknown user looks the same tomorrow. Throws `HouseRefused` where the
 * file is there and is none.
 */
export async function serverSecret(dataFolder: string): Promise<Uint8Array> {
  const folder = join(dataFolder, 'secrets');
  const file = join(folder, 'server.secret');
  const secret = Buffer.from((await written(folder, file)).trim(), 'hex');
  if (secret.length !== secretBytes) {
    throw new HouseRefused(
      `${file} does not hold ${secretBytes} bytes in hex; restore it from a backup, or remove it to get a new one`,
    );
  }
  return new Uint8Array(secret);
}

/** What is in the file, which is made where it is absent, and only there: a start writes nothing that is written already. */
async function written(folder: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  await ensurePrivateFolder(folder);
  await createOnce(folder, basename(file), `${randomBytes(secretBytes).toString('hex')}\n`);
  return readFile(file, 'utf8');
}
