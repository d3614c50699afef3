import type { CompressCommand } from '../grammar/compress.ts';
import { say } from '../say.ts';
import { ends, type Handler, type LoggedIn } from './stage.ts';

/** COMPRESS (RFC 4978 section 3): everything behind its answer is compressed, in both directions. */
export const compress: Handler<CompressCommand, LoggedIn> = ({ name }, stage, { settings, compressed }) => {
  if (!settings.compressible) return ends(stage, say.unknownCommand);
  return compressed ? ends(stage, say.compressed) : { to: stage, last: say.done(name), after: 'compress' };
};
