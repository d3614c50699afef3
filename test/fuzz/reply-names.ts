import { replyCatalogue } from '../../src/smtp/reply-catalogue.ts';
import { formatReply, say, type Reply } from '../../src/smtp/reply.ts';

type Name = keyof typeof say;
const names = Object.keys(say) as Name[];

/** What stands in the catalogue for something that a reply has of its own to say. */
const own = /HOST|CLIENT|ACCOUNT|DETAIL|ID|DOMAIN|ADDRESS|KEYWORD|\\\.\\\.\\\.|\d{2,}/g;

const fixed: ReadonlyMap<Reply, Name> = new Map(
  names.flatMap((name) => {
    const reply: unknown = say[name];
    return typeof reply === 'function' ? [] : [[reply as Reply, name]];
  }),
);

/** The replies that are made each time anew, by what does not change in them. */
const made: readonly { readonly name: Name; readonly shape: RegExp }[] = names
  .filter((name) => typeof say[name] === 'function')
  .map((name) => {
    const { reply } = replyCatalogue[name];
    const [line = ''] = formatReply(reply).split('\r\n');
    const shape = line
      .slice(4)
      .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(own, '.*');
    return { name, shape: new RegExp(`^${reply.code}${line[3]}${shape}\r\n`) };
  })
  // The one with the most words of its own first: two may fit.
  .sort((one, other) => other.shape.source.length - one.shape.source.length);

/** The name of a reply in `say`; null where none fits. */
export function nameOfReply(reply: Reply, wire: string): Name | null {
  return fixed.get(reply) ?? made.find(({ shape }) => shape.test(wire))?.name ?? null;
}
