import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { existsSync } from 'node:fs';

/**
 * Where the classic programs keep accounts, letters and certificates where nobody says otherwise: in the checkout that
 * they are run from, so that both servers and both clients find each other from any folder; else in the current one.
 */
export function classicFolder(): string {
  const checkout = fileURLToPath(new URL('../../', import.meta.url));
  const home = existsSync(join(checkout, 'src', 'cli')) ? checkout : process.cwd();
  return join(home, '.letterlock', 'classic');
}
