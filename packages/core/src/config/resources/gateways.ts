import type { ObjectReader } from './object-reader.ts';

/** Refuses what is meant for gateways. */
export function checkGateways(reader: ObjectReader): void {
  for (const { text } of reader.texts('gateways')) {
    if (text === 'mesh') continue;
    reader.error(
      `${reader.name('gateways')} "${text}" is not implemented: only "mesh" is, and the rule would hold where it was not meant`,
      'gateways',
    );
  }
}
