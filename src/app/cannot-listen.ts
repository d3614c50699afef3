import type { Place } from '../net/door.ts';
import type { UnixPlace } from '../net/unix-place.ts';

/** Why a place cannot be listened at, and what to do instead. */
export function cannotListen(place: Place | UnixPlace, error: unknown): string {
  if ('path' in place) return cannotListenAtPath(place, error);
  const where = `${place.address}:${place.port}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'EADDRINUSE':
      return `port ${place.port} is taken on ${place.address}; choose another port, or end the program that has it`;
    case 'EACCES':
      return `port ${place.port} needs privileges that this user does not have; choose one above 1023`;
    case 'EADDRNOTAVAIL':
      return `${place.address} is not an address of this machine`;
    case 'ENOTFOUND':
      return `${place.address} is not the name of an address of this machine`;
    default:
      return `${where} cannot be listened at: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function cannotListenAtPath({ path }: UnixPlace, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'EADDRINUSE':
      return `somebody listens at ${path}; choose another path, or end the program that does`;
    case 'EEXIST':
      return `${path} is there and is no socket; choose another path`;
    case 'ENOENT':
      return `the folder of ${path} is not there`;
    case 'EACCES':
      return `this user may not make a socket at ${path}`;
    default:
      return `${path} cannot be listened at: ${error instanceof Error ? error.message : String(error)}`;
  }
}
