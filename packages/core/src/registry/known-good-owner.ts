import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { messageOf } from '../errors/message-of.ts';
import { HEADER_BEGINNING } from './known-good-format.ts';

/**
 * Why a file must be left as it is, to be read after its name; undefined when there is none, or it is empty, or begins as a file of last known
 * services does, whoever's, and however it goes on.
 */
export function foreignFault(file: string): string | undefined {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (stats.isDirectory()) return 'it is a folder';
    // To open a pipe waits for whoever writes to it.
    if (!stats.isFile()) return 'it is no regular file';
    return stats.size === 0 || beginningOf(file) === HEADER_BEGINNING ? undefined : 'it is no file of last known services';
  } catch (error) {
    return messageOf(error);
  }
}

function beginningOf(file: string): string {
  const beginning = Buffer.alloc(HEADER_BEGINNING.length);
  const descriptor = openSync(file, 'r');
  try {
    return beginning.toString('latin1', 0, readSync(descriptor, beginning));
  } finally {
    closeSync(descriptor);
  }
}
