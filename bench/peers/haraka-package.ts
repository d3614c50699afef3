import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Haraka is a program and no library: npm brings 55 packages and 45 MB with it (a Redis client, node-gyp, `tar`). So it is
 * no development dependency, but stands in a cache folder of the user, where the first measurement installs it, without
 * its plugins and without running a script of any package.
 */
const version = '3.3.4';
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'letterlock-bench');
const folder = join(cache, `haraka-${version}`);
const home = join(folder, 'node_modules', 'Haraka');

/** The package. */
export const haraka = {
  version,
  /** The folder of the package; installs it when it is not there, which is said. Throws where it cannot be had. */
  home: (): string => {
    if (!existsSync(home)) install();
    return home;
  },
} as const;

function install(): void {
  console.log(`Installing Haraka ${version} for comparison, once, into ${folder}`);
  mkdirSync(folder, { recursive: true });
  const quiet = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    execFileSync('npm', ['install', '--prefix', folder, ...quiet, `Haraka@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (cause) {
    throw new Error('npm could not install it', { cause });
  }
}
