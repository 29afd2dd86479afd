import { createLog, type Log } from '@polywire/core';
import type { Terminal } from './terminal.ts';

/** For commands that read registries: a rule that is not understood, or a provider that is left out, is nowhere else to be seen. */
export function warningLog({ stderr }: Pick<Terminal, 'stderr'>): Log {
  return createLog({ level: 'warn', format: 'text', write: (line) => stderr.write(line) });
}
