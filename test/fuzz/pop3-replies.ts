import { say, type Reply } from '../../src/pop3/reply.ts';

type Name = keyof typeof say;
const names = Object.keys(say) as Name[];

/** What stands for something that a reply has of its own to say. */
const own = 'O-W-N';

const fixed: ReadonlyMap<Reply, Name> = new Map(
  names.flatMap((name) => {
    const reply: unknown = say[name];
    return typeof reply === 'function' ? [] : [[reply as Reply, name]];
  }),
);

/** The replies that are made each time anew, by what does not change in them; the one with the most words of its own first. */
const made = names
  .flatMap((name) => {
    const make: unknown = say[name];
    if (typeof make !== 'function') return [];
    const { status, code, text } = (make as (...words: readonly unknown[]) => Reply)(
      name === 'capabilities' ? [] : own,
      own,
    );
    const shape = text
      .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(`${own} letters`, String.raw`\d+ letters?`)
      .replaceAll(own, '.*');
    return { name, status, code, shape: new RegExp(`^${shape}$`) };
  })
  .sort((one, other) => other.shape.source.length - one.shape.source.length);

/** The name of a reply in `say`; null where none fits. STAT and one line of a list look alike. */
export function nameOfPop3Reply(reply: Reply): Name | null {
  const { status, code, text } = reply;
  const fits = (one: (typeof made)[number]): boolean =>
    one.status === status && one.code === code && one.shape.test(text);
  return fixed.get(reply) ?? made.find(fits)?.name ?? null;
}
