import { fastjson2 } from './fastjson2.ts';
import { fst } from './fst.ts';
import { hessian2 } from './hessian2.ts';
import { java, nativeJava } from './java.ts';
import { jsonLengths, jsonLines } from './json.ts';
import { kryo, kryo2 } from './kryo.ts';
import { msgpack } from './msgpack.ts';
import { protobuf } from './protobuf.ts';
import type { Serialization } from './serialization.ts';
import { avro, protostuff } from './utf8-front.ts';

/** Ids that the codec itself names (Constants, Dubbo). */
export const HESSIAN2 = 2;
export const FASTJSON = 6;

/** fastjson's id stands for two layouts; this is the format of the one that writes lines. */
export const FASTJSON_LINES = 32;

/** By format: the serialization id, the low five bits of the flags, and what has no id of its own behind them. */
export type Serializations = readonly Serialization[];

/** Serializations of which nothing is known here, and ids that nobody assigned: passed on as they are. */
const OPAQUE: Serialization = { name: 'opaque' };

/** Every serialization by its format. Each protocol instance has its own readers. */
export function serializations(): Serializations {
  const table = new Array<Serialization>(FASTJSON_LINES + 1).fill(OPAQUE);
  const hessian = hessian2();
  table[HESSIAN2] = hessian;
  table[3] = java('java');
  table[4] = java('compactedjava');
  table[7] = nativeJava();
  table[8] = kryo();
  table[9] = fst();
  table[10] = { ...hessian, name: 'native-hessian' };
  table[FASTJSON] = jsonLengths('fastjson');
  table[FASTJSON_LINES] = jsonLines('fastjson');
  table[11] = avro();
  table[12] = protostuff();
  table[16] = jsonLines('gson');
  table[21] = jsonLines('protobuf-json');
  table[22] = protobuf();
  table[23] = fastjson2();
  table[25] = kryo2();
  table[27] = msgpack();
  return table;
}
