import { stringify } from 'smol-toml';
import { configSchema } from './config-schema.ts';
import type { ConfigKeys } from './config-schema.ts';

/**
 * The configuration as a TOML file that loads to the same, each key under a line of what it is for. Secrets are in no
 * key: the pass phrase of the environment stays there.
 */
export function formatConfig(config: ConfigKeys): string {
  return formatTable([], new Map<string, unknown>(Object.entries(config))).join('\n');
}

/** The page of the documentation about the configuration, generated from the schema. */
export function configurationPage(): string {
  const example = formatConfig(configSchema('standard').parse({}));
  return `# Configuration

Letterlock reads one TOML file. Every key has a default, so that an empty file, or none, is a working configuration.
A key that is unknown, a value of the wrong type and a file that is missing are refused before anything starts, each
named with its file, line and column. Relative paths start from the folder of the file.

\`letterlock config --print\` shows the effective configuration in this form.

This is every key with its default:

\`\`\`toml
${example.trimEnd()}
\`\`\`

A key that is shown behind \`#\` is not set.

## The classic profile

\`profile = "classic"\` changes these defaults, which the file may still set otherwise:

\`\`\`toml
${classicDifferences().join('\n')}
\`\`\`
`;
}

function classicDifferences(): string[] {
  const standard = flatten([], configSchema('standard').parse({}));
  const classic = flatten([], configSchema('classic').parse({}));
  const lines: string[] = [];
  for (const [key, value] of classic) {
    if (standard.get(key) !== value) lines.push(`${key} = ${value}`);
  }
  return lines;
}

function flatten(path: readonly string[], table: object): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of Object.entries(table)) {
    const at = [...path, key];
    if (!isTable(value)) values.set(at.join('.'), formatValue(value));
    else for (const [inner, text] of flatten(at, value)) values.set(inner, text);
  }
  return values;
}

function formatTable(path: readonly string[], values: ReadonlyMap<string, unknown>): string[] {
  const lines: string[] = [];
  const tables: string[] = [];
  for (const [key, schema] of Object.entries(shapeAt(path) ?? {})) {
    const value = values.get(key);
    const comment = (schema.description ?? '').split('\n').filter(Boolean);
    const comments = comment.map((line) => `# ${line}`);
    if (isTable(value) && shapeAt([...path, key]) === null) {
      const entries = Object.entries(value).map(([name, inner]) =>
        stringify(Object.fromEntries([[name, inner]])).trim(),
      );
      tables.push('', ...comments, `[${[...path, key].join('.')}]`, ...entries);
    } else if (isTable(value)) {
      const inner = formatTable([...path, key], new Map<string, unknown>(Object.entries(value)));
      const header = Object.values(value).every(isTable) ? [] : [`[${[...path, key].join('.')}]`];
      tables.push('', ...comments, ...header, ...inner);
    } else if (value === null) {
      lines.push(...comments, `# ${key} = ""`);
    } else {
      lines.push(...comments, `${key} = ${formatValue(value)}`);
    }
  }
  return [...lines, ...tables, ...(path.length === 0 ? [''] : [])];
}

type Described = { readonly description?: string | undefined };

/** The keys of one table of the schema, in their order, with their descriptions; null where the operator names them. */
function shapeAt(path: readonly string[]): Readonly<Record<string, Described>> | null {
  let shape: Readonly<Record<string, Described>> = configSchema('standard').shape;
  for (const key of path) {
    const inner = new Map(Object.entries(shape)).get(key);
    const table =
      inner !== undefined && 'unwrap' in inner && typeof inner.unwrap === 'function' ? inner.unwrap() : inner;
    if (table.shape === undefined) return null;
    shape = table.shape;
  }
  return shape;
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function formatValue(value: unknown): string {
  return value === null
    ? '""'
    : stringify({ value })
        .trim()
        .replace(/^value = /, '');
}
