import { boltV1, boltV2 } from './bolt.ts';
import { dubbo } from './dubbo.ts';
import type { RawWire } from './raw-wire.ts';
import { thriftFramedBinary, thriftFramedCompact, thriftHeaderBinary, thriftUnframedBinary } from './thrift.ts';

/** Part of the names of the wires to run on; all when not said. */
const ONLY = process.env['POLYWIRE_WIRE'] ?? '';

const WIRES: readonly RawWire[] = [
  dubbo,
  boltV1,
  boltV2,
  thriftFramedBinary,
  thriftFramedCompact,
  thriftUnframedBinary,
  thriftHeaderBinary,
];

/** Every wire that the suites run on. */
export const ALL_WIRES: readonly RawWire[] = WIRES.filter(({ name }) => name.includes(ONLY));
