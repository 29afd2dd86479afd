import type { Outcome } from '@polywire/core/spi';
import { recorded } from './bodies.ts';

/** A frame that Dubbo 2.7.23 wrote, and what it was told to write. */
export interface RecordedFront {
  readonly serialization: string;
  readonly name: string;
  readonly kind: 'request' | 'response' | 'ping' | 'goaway';
  readonly service: string;
  readonly version: string | null;
  readonly method: string;
  readonly outcome: Outcome;
  readonly offset: number;
  readonly length: number;
}

/** Frames in serializations of which only the front can be read: test-data/fronts. */
export const recordedFronts: readonly RecordedFront[] = recorded('fronts/index.jsonl')
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line, (_, value: unknown) => (typeof value === 'string' ? expand(value) : value)));

/** Their names. */
export const FRONT_SERIALIZATIONS: readonly string[] = [...new Set(recordedFronts.map(({ serialization }) => serialization))];
const files = new Map(FRONT_SERIALIZATIONS.map((name) => [name, recorded(`fronts/${name}.bin`)]));

/** One of them by its name in the index. */
export function frontNamed(serialization: string, name: string): RecordedFront {
  const found = recordedFronts.find((each) => each.serialization === serialization && each.name === name);
  if (found === undefined) throw new Error(`no front ${name} in ${serialization}`);
  return found;
}

/** The frame's bytes. */
export function bytesOf({ serialization, offset, length }: RecordedFront): Buffer {
  return files.get(serialization)?.subarray(offset, offset + length) ?? Buffer.alloc(0);
}

/** `s{100}` stands for a hundred times `s`. */
function expand(text: string): string {
  return text.replace(/(.)\{(\d+)\}/gu, (_, letter: string, times: string) => letter.repeat(Number(times)));
}
