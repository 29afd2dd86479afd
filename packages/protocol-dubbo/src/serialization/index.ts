import { hessian2 } from './hessian2.ts';
import type { Serialization } from './serialization.ts';

/** Serialization ids of Dubbo's Constants that this package names. */
export const HESSIAN2 = 2;

const NOTHING_KNOWN: Serialization = { name: 'unknown' };

/** By id, the low five bits of the flags. */
export type Serializations = readonly Serialization[];

/** Every serialization by its id; ids that nobody assigned read as one that cannot be walked. */
export function serializations(): Serializations {
  const table = new Array<Serialization>(32).fill(NOTHING_KNOWN);
  const hessian = hessian2();
  table[HESSIAN2] = hessian;
  table[10] = { ...hessian, name: 'native-hessian' };
  return table;
}
