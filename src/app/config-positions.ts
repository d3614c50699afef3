import { parseTOML } from 'toml-eslint-parser';
import type { AST } from 'toml-eslint-parser';

/** A place in a file; the first line and column are 1. */
export type Position = { readonly line: number; readonly column: number };

/**
 * Where the keys of a TOML text stand. The function gives the place of a path (`['limits', 'recipients']`), that of the
 * nearest table around it where the key itself is not in the text, or null where neither is.
 */
export function locateKeys(toml: string): (path: readonly PropertyKey[]) => Position | null {
  const places = new Map<string, Position>();
  const [top] = parseTOML(toml).body;
  for (const node of top.body) {
    if (node.type === 'TOMLKeyValue') {
      addKeyValue(places, [], node);
      continue;
    }
    const path = node.resolvedKey;
    addPrefixes(places, path, node.key);
    for (const child of node.body) addKeyValue(places, path, child);
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const place = places.get(pathId(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return null;
  };
}

function addKeyValue(places: Places, parent: readonly PropertyKey[], node: AST.TOMLKeyValue): void {
  const path = [...parent, ...node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))];
  addPrefixes(places, path, node.key);
  addContent(places, path, node.value);
}

function addContent(places: Places, path: readonly PropertyKey[], content: AST.TOMLContentNode): void {
  if (content.type === 'TOMLInlineTable') {
    for (const child of content.body) addKeyValue(places, path, child);
  } else if (content.type === 'TOMLArray') {
    for (const [index, element] of content.elements.entries()) {
      add(places, [...path, index], element.loc.start);
      addContent(places, [...path, index], element);
    }
  }
}

/** `[a.b]` and `a.b = 1` are where `a` first appears as well as where `a.b` does. */
function addPrefixes(places: Places, path: readonly PropertyKey[], key: AST.TOMLKey): void {
  const inside = path.length - key.keys.length;
  for (let length = Math.max(1, inside + 1); length <= path.length; length++) {
    const part = key.keys[Math.max(0, length - inside - 1)] ?? key;
    add(places, path.slice(0, length), part.loc.start);
  }
}

type Places = Map<string, Position>;

function add(places: Places, path: readonly PropertyKey[], start: { line: number; column: number }): void {
  const id = pathId(path);
  if (!places.has(id)) places.set(id, { line: start.line, column: start.column + 1 });
}

function pathId(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String));
}
