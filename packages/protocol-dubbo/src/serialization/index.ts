import { fastjson2 } from './fastjson2.ts';
import { hessian2 } from './hessian2.ts';
import { jsonLengths, jsonLines } from './json.ts';
import { msgpack } from './msgpack.ts';
import { protobuf } from './protobuf.ts';
import type { Serialization } from './serialization.ts';

/** Ids that the codec itself names (Constants, Dubbo). */
export const HESSIAN2 = 2;
export const FASTJSON = 6;

/** fastjson's id stands for two layouts; this is the format of the one that writes lines. */
export const FASTJSON_LINES = 32;

/** By format: the serialization id, the low five bits of the flags, and what has no id of its own behind them. */
export type Serializations = readonly Serialization[];

/** Serializations that cannot be followed without the classes, and ids that nobody assigned: passed on as they are. */
const OPAQUE: Serialization = { name: 'opaque' };

/** Every serialization by its format. Each protocol instance has its own readers. */
export function serializations(): Serializations {
  const table = new Array<Serialization>(FASTJSON_LINES + 1).fill(OPAQUE);
  const hessian = hessian2();
  table[HESSIAN2] = hessian;
  table[10] = { ...hessian, name: 'native-hessian' };
  table[FASTJSON] = jsonLengths('fastjson');
  table[FASTJSON_LINES] = jsonLines('fastjson');
  table[16] = jsonLines('gson');
  table[21] = jsonLines('protobuf-json');
  table[22] = protobuf();
  table[23] = fastjson2();
  table[27] = msgpack();
  return table;
}
