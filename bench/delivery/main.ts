/**
 * Durable deliveries over TLS 1.3: this server, servers that could be chosen instead, and floors, at the same work on the
 * same machine. `bench/README.md` says how to read the figures, `--help` what can be chosen.
 */
import { isOnDisk } from '../machine.ts';
import { contenders } from './contenders/all.ts';
import { measureAll } from './measure.ts';
import { readOptions, usage } from './options.ts';
import { writeResults } from './writing.ts';

// What was started ends with this process, by its hooks.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const asked = readOptions(process.argv.slice(2), contenders);
switch (asked.is) {
  case 'help':
    console.log(usage(contenders.map(({ name }) => name)));
    break;
  case 'mistake':
    console.error(`${asked.why}\n\n${usage(contenders.map(({ name }) => name))}`);
    process.exitCode = 2;
    break;
  case 'plan': {
    const { folder } = asked.plan;
    if (!isOnDisk(folder)) {
      console.error(`${folder} is in memory, where a sync costs nothing: choose one on a disk (--folder)`);
      process.exitCode = 2;
      break;
    }
    const results = await measureAll({ ...asked.plan, tell: (line) => console.log(line) });
    writeResults(results, asked.out);
    console.log(`Written: ${asked.out}, with a table and a plot beside it`);
  }
}
