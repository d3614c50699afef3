import path from 'node:path';

/** What lies where in the folder that a scenario has to itself. */
export const placesIn = (root: string) => ({
  root,
  data: path.join(root, 'data'),
  /** The backups. */
  target: path.join(root, 'backups'),
  /** What is restored from them. */
  back: path.join(root, 'back'),
  mbox: path.join(root, 'old.mbox'),
  config: path.join(root, 'letterlock.toml'),
});

export type Places = ReturnType<typeof placesIn>;
