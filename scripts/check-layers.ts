/**
 * Holds `src` to the house of `house.ts`: who may import whom, what comes from Node and npm, and where the clock,
 * randomness and the environment are read. Prints one line for each violation and then exits with status 1.
 *
 *     node scripts/check-layers.ts [folder of the checkout]
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import * as house from './house.ts';
import { type GlobalUse, globalUses } from './source-globals.ts';
import { importsOf, type SourceImport } from './source-imports.ts';
import { sourceTokens } from './source-tokens.ts';

/** A source file: its path relative to `src`, its part of the house, and what it reaches. */
type SourceFile = {
  readonly path: string;
  readonly part: string;
  readonly test: boolean;
  readonly imports: readonly SourceImport[];
  readonly globals: readonly GlobalUse[];
};

type Report = (path: string, line: number, text: string) => void;

/** Every violation under `root/src`, as `src/file:line: what (which rule)`, in the order of the files. */
export function layerViolations(root: string): string[] {
  const found: { path: string; line: number; text: string }[] = [];
  const report: Report = (path, line, text) => void found.push({ path, line, text });
  const files = readHouse(root, report);
  for (const file of files.values()) {
    for (const one of file.imports) checkImport(files, file, one, report);
    if (!file.test) for (const use of file.globals) checkGlobal(file, use, report);
  }
  reportCircles(files, report);
  found.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
  return found.map(({ path, line, text }) => `src/${path}:${line}: ${text}`);
}

function readHouse(root: string, report: Report): Map<string, SourceFile> {
  const src = join(root, 'src');
  const files = new Map<string, SourceFile>();
  for (const path of globSync('**/*.{ts,tsx,mts,cts,js,mjs,cjs}', { cwd: src }).toSorted()) {
    const part = house.partOf(path);
    if (part === null) {
      report(path, 1, `this place is not in the house (give it a line in scripts/house.ts)`);
      continue;
    }
    const tokens = sourceTokens(readFileSync(join(src, path), 'utf8'));
    const globals = part === 'webmail' ? [] : globalUses(tokens);
    const imports = importsOf(tokens);
    const test = house.servesTests(
      path,
      imports.map((one) => one.specifier),
    );
    files.set(path, { path, part, test, imports, globals });
  }
  return files;
}

function checkImport(
  files: ReadonlyMap<string, SourceFile>,
  file: SourceFile,
  one: SourceImport,
  report: Report,
): void {
  if (one.specifier === null) {
    if (!file.test)
      report(file.path, one.line, `an import must name its file in a plain string (no hidden arrows)`);
  } else if (/^\.\.?\//.test(one.specifier)) checkArrow(files, file, one, one.specifier, report);
  else if (file.test) return;
  else if (isNodeModule(one.specifier)) checkNodeModule(file, one, one.specifier, report);
  else checkPackage(file, one, one.specifier, report);
}

/** An import of one of our own files. */
function checkArrow(
  files: ReadonlyMap<string, SourceFile>,
  file: SourceFile,
  one: SourceImport,
  specifier: string,
  report: Report,
): void {
  const path = posix.join(posix.dirname(file.path), specifier);
  const say = (text: string): void => report(file.path, one.line, text);
  if (file.test) return;
  if (path === '../package.json' && /^(?:app|cli)(?:\/|$)/.test(file.part)) return;
  if (path.startsWith('..')) return say(`${folder(file)} may not import ${specifier} (it lies outside src)`);
  const target = house.partOf(path);
  const imported = files.get(path);
  if (target === null || imported === undefined) {
    return say(`${folder(file)} may not import ${specifier} (no such file)`);
  }
  if (imported.test) return say(`${folder(file)} may not import ${path} (it serves tests only)`);
  const secret = house.privateFiles.find((rule) => rule.file === path);
  if (secret !== undefined && !secret.only.test(file.path)) {
    return say(`${folder(file)} may not import ${path} (${secret.why})`);
  }
  if (target === file.part || target === 'result') return;
  if (house.parts.get(file.part)?.knows.includes(target) === true) return;
  if (house.typesOnly.get(file.part)?.includes(target) === true) {
    if (!one.typeOnly) say(`${folder(file)} may not import ${target} (types only: say import type)`);
    return;
  }
  say(`${folder(file)} may not import ${target} (it may import ${knownTo(file.part)})`);
}

const folder = (file: SourceFile): string => `folder ${file.part}`;

function knownTo(part: string): string {
  const names = [...(house.parts.get(part)?.knows ?? []), ...(house.typesOnly.get(part) ?? [])];
  return names.length === 0 ? 'nothing' : names.join(', ');
}

function isNodeModule(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function checkNodeModule(file: SourceFile, one: SourceImport, specifier: string, report: Report): void {
  const module = specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  const say = (rule: string): void =>
    report(file.path, one.line, `${folder(file)} may not import ${specifier} (${rule})`);
  if (module !== specifier) return say('write it with node: before it');
  const homes = house.moduleHomes.get(module);
  if (house.parts.get(file.part)?.pure === true) {
    if (house.pureModules.has(module)) return;
    if (module !== 'node:crypto' || !house.hashing.parts.includes(file.part))
      return say('the folder is pure');
    const strange = one.names.filter((name) => !house.hashing.names.includes(name));
    if (strange.length > 0)
      say(`the folder is pure: of node:crypto only ${house.hashing.names.join(', ')}, by name`);
  } else if (homes !== undefined && !homes.includes(file.part)) {
    say(homes.length === 0 ? 'no production code may' : `it belongs to ${homes.join(', ')}`);
  } else checkHiddenGlobal(file, one, module, say);
}

/** `import { env } from 'node:process'` and its like are the globals under another name. */
function checkHiddenGlobal(
  file: SourceFile,
  one: SourceImport,
  module: string,
  say: (rule: string) => void,
): void {
  const takes = (...names: string[]): boolean => names.some((name) => one.names.includes(name));
  if (module === 'node:process' && takes('env', '*') && !house.environmentFiles.test(file.path)) {
    say('the environment is read in app/config');
  }
  const clock =
    (module === 'node:perf_hooks' && takes('performance', '*')) ||
    (module === 'node:process' && takes('hrtime'));
  if (clock && file.path !== house.clockFile) say(`the clock is read in ${house.clockFile}`);
}

function checkPackage(file: SourceFile, one: SourceImport, specifier: string, report: Report): void {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const homes = house.packageHomes.get(name);
  if (homes?.includes(file.part) === true) return;
  const rule =
    homes === undefined ? 'give the package a line in scripts/house.ts' : `it belongs to ${homes.join(', ')}`;
  report(file.path, one.line, `${folder(file)} may not import ${specifier} (${rule})`);
}

function checkGlobal(file: SourceFile, use: GlobalUse, report: Report): void {
  const say = (rule: string): void =>
    report(file.path, use.line, `${folder(file)} may not use ${use.name} (${rule})`);
  if (house.parts.get(file.part)?.pure === true) say('the folder is pure');
  else if (use.what === 'clock' && file.path !== house.clockFile)
    say(`the clock is read in ${house.clockFile}`);
  else if (use.what === 'environment' && !house.environmentFiles.test(file.path)) {
    say('the environment is read in app/config');
  } else if (use.name === 'process.getBuiltinModule' || use.name === 'process.binding')
    say('no hidden arrows');
}

/** Reports each circle of files once, at the import that closes it. Tests import and are not imported: none go in. */
function reportCircles(files: ReadonlyMap<string, SourceFile>, report: Report): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: SourceFile): void => {
    path.push(file.path);
    for (const one of file.imports) {
      const target = files.get(posix.join(posix.dirname(file.path), one.specifier ?? ''));
      if (target === undefined || done.has(target.path) || !/^\.\.?\//.test(one.specifier ?? '')) continue;
      const from = path.indexOf(target.path);
      if (from === -1) visit(target);
      else
        report(
          file.path,
          one.line,
          `circle of files: ${[...path.slice(from), target.path].join(' → ')} (no circles)`,
        );
    }
    path.pop();
    done.add(file.path);
  };
  for (const file of files.values()) if (!done.has(file.path)) visit(file);
}

function main(): void {
  const root = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..'));
  if (!existsSync(join(root, 'src'))) throw new Error(`${join(root, 'src')} is not there`);
  const violations = layerViolations(root);
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) {
    console.error(
      `${violations.length} against the house of ${relative(process.cwd(), join(root, 'scripts/house.ts'))}`,
    );
    process.exitCode = 1;
  }
}

if (import.meta.main) main();
