/** The load client: a process of its own that does one job after the other, so that its code is warm for all but the first. */
import { run, type Job } from './load.ts';

process.on('message', (job: Job) => {
  void run(job).then((load) => process.send?.(load));
});
process.on('disconnect', () => process.exit());
