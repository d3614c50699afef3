/**
 * Strips `src` to `dist` for the npm package, because Node strips no types under `node_modules`. `npm pack` and
 * `npm publish` run it (`prepack`).
 *
 *     node scripts/pack.ts [folder of the checkout]
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { servesTests } from './house.ts';
import { sourceImports } from './source-imports.ts';

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiler = join(checkout, 'node_modules/typescript/bin/tsc');

/** Files beside the sources that the program reads when it runs. */
const assets = '**/*.{sql,html,css,svg,d.ts}';

/** Writes `root/dist` from `root/src`, without its tests. Throws when the compiler finds a mistake. */
export function strip(root: string): void {
  const dist = join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  const settings = join(dist, 'tsconfig.json');
  writeFileSync(settings, JSON.stringify(compilerSettings(root)));
  const { status, stdout, error } = spawnSync(process.execPath, [compiler, '--project', settings], {
    encoding: 'utf8',
  });
  rmSync(settings);
  if (status !== 0) throw new Error(`the sources cannot be stripped:\n${stdout}`, { cause: error });
  for (const path of globSync('**/*.js', { cwd: dist })) renameWorkers(join(dist, path));
  for (const path of globSync(assets, { cwd: join(root, 'src') })) {
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    copyFileSync(join(root, 'src', path), join(dist, path));
  }
}

function compilerSettings(root: string): object {
  const src = join(root, 'src');
  const files = globSync('**/*.ts', { cwd: src }).filter((path) => {
    const imports = sourceImports(readFileSync(join(src, path), 'utf8'));
    return !servesTests(
      path,
      imports.map((one) => one.specifier),
    );
  });
  return {
    extends: join(checkout, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      rootDir: src,
      outDir: join(root, 'dist'),
      declaration: true,
      rewriteRelativeImportExtensions: true,
      typeRoots: [join(checkout, 'node_modules/@types')],
    },
    include: [],
    files: files.toSorted().map((path) => join(src, path)),
  };
}

/** The compiler rewrites imports, and not the file that a worker is started from: `new URL('./x.ts', import.meta.url)`. */
function renameWorkers(path: string): void {
  const source = readFileSync(path, 'utf8');
  const renamed = source.replaceAll(
    /(new URL\(\s*(['"])\.[^'"\n]*)\.ts\2(\s*,\s*import\.meta\.url)/g,
    (_, before: string, quote: string, after: string) => `${before}.js${quote}${after}`,
  );
  if (renamed !== source) writeFileSync(path, renamed);
}

if (import.meta.main) strip(resolve(process.argv[2] ?? checkout));
