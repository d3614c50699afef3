/** One thing that is wrong with a configuration, and where. */
export type ConfigProblem = {
  readonly why:
    | 'unreadable'
    | 'syntax'
    | 'unknown-key'
    | 'wrong-value'
    | 'missing-file'
    | 'missing-variable'
    | 'conflict';
  /** The configuration file, null where defaults alone are used. */
  readonly file: string | null;
  /** 1 for the first; null where the problem has no place in the file. */
  readonly line: number | null;
  readonly column: number | null;
  /** The key with its tables, `limits.message_bytes`; null where the problem is not about one. */
  readonly key: string | null;
  /** What is wrong, in words. */
  readonly detail: string;
};

/** A configuration that is not taken: everything that is wrong with it, in the order of the file. */
export type ConfigRefusal = { readonly why: 'configuration'; readonly problems: readonly ConfigProblem[] };

/** The problem in a line, `letterlock.toml:3:1: limits.mesage_bytes: unknown key, did you mean message_bytes?` */
export function explainConfigProblem(problem: ConfigProblem): string {
  const place = [problem.file ?? 'configuration', problem.line, problem.column].filter(
    (part) => part !== null,
  );
  const line = `${place.join(':')}: ${problem.key === null ? '' : `${problem.key}: `}${problem.detail}`;
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** A key for people, quoted where TOML would quote it: `listen."my door".port`. */
export function formatKey(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (/^[\w-]+$/.test(String(part)) ? String(part) : JSON.stringify(String(part))))
    .join('.');
}

/** The known word that a mistyped one is closest to, null where none is close. */
export function closestWord(word: string, known: readonly string[]): string | null {
  const letters = word.slice(0, 64).toLowerCase().replaceAll('-', '_');
  let best: { readonly word: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(letters, candidate);
    if (
      distance <= Math.max(candidate.length < 4 ? 1 : 2, candidate.length / 3) &&
      distance < (best?.distance ?? Infinity)
    ) {
      best = { word: candidate, distance };
    }
  }
  return best?.word ?? null;
}

/** How many letters must be changed, left out or put in to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from).entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const change = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1);
      next.push(Math.min(change, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
