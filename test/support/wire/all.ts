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

/** Also of those that the suites do not run on now. */
export function wireNamed(wanted: string): RawWire {
  const found = WIRES.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no wire is called ${wanted}`);
  return found;
}

function selected(wires: readonly RawWire[]): readonly RawWire[] {
  return wires.filter(({ name }) => name.includes(ONLY));
}

/** Every wire that the suites run on. */
export const ALL_WIRES: readonly RawWire[] = selected(WIRES);

/**
 * For suites that take their time: one of each way to write an id (of fixed width, under a checksum, of changing width) and to tell a
 * frame's end (a length in front, or none).
 */
export const DISTINCT_WIRES: readonly RawWire[] = selected([dubbo, boltV2, thriftFramedCompact, thriftUnframedBinary]);
