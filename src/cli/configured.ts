import { explainConfigProblem, type ConfigProblem } from '../app/config-problem.ts';
import { loadConfig, parseConfig, processEnvironment, type Config } from '../app/config.ts';
import { HouseRefused } from '../app/house.ts';

/** The configuration of a file, or the defaults for undefined. Throws `HouseRefused` with a line for each problem. */
export async function configured(file: string | undefined): Promise<Config> {
  if (file?.trim() === '')
    throw new HouseRefused('--config names no file: give its path, or leave --config out');
  const loaded = await loadConfig(file ?? null, processEnvironment());
  if (loaded.ok) return loaded.value;
  throw refusedFor(loaded.refusal.problems.map(explainConfigProblem));
}

/**
 * A configuration that a program makes for itself out of its options: TOML, relative paths from the current folder.
 * `options` names the option behind each key, so that a problem is told in the words of the command line.
 */
export async function configuredBy(
  toml: string,
  options: ReadonlyMap<string, string> = new Map(),
): Promise<Config> {
  const parsed = await parseConfig(toml, null, processEnvironment());
  if (parsed.ok) return parsed.value;
  throw refusedFor(
    parsed.refusal.problems.map((problem) => explainConfigProblem(byOption(problem, options))),
  );
}

function byOption(problem: ConfigProblem, options: ReadonlyMap<string, string>): ConfigProblem {
  const option = options.get(problem.key ?? '');
  if (option === undefined) return problem;
  let { detail } = problem;
  for (const [key, name] of options) if (key.includes('.')) detail = detail.replaceAll(key, name);
  return { ...problem, file: option, line: null, column: null, key: null, detail };
}

const refusedFor = (problems: readonly string[]): HouseRefused =>
  new HouseRefused(problems.join('\n            '));
