import { isDeepStrictEqual } from 'node:util';
import type { Subject } from './subject.ts';

/** What of a codec a case is about. */
export type Facet = 'detection' | 'framing' | 'multiplexing' | 'routing' | 'mediation' | 'heartbeat' | 'calls';

/** One named rule. `run` throws when the codec breaks it, NotApplicable when it has nothing to break it with. */
export interface ConformanceCase {
  readonly facet: Facet;
  readonly name: string;
  run(subject: Subject): void;
}

/** The codec lacks what the case is about, or the author gave no sample for it. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Fails the case with a message that says what was done and what came of it. */
export function fail(message: string): never {
  throw new Error(message);
}

/** Fails the case unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}

/** Compares bytes, and says where they part. */
export function checkBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const length = Math.max(actual.length, expected.length);
  for (let at = 0; at < length; at++) {
    if (actual[at] === expected[at]) continue;
    fail(`${what}: byte ${at} is ${hex(actual[at])}, expected ${hex(expected[at])} (${actual.length} bytes, expected ${expected.length})`);
  }
}

/** Compares values and all that is in them. */
export function checkSame(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) fail(`${what}: got ${show(actual)}, expected ${show(expected)}`);
}

/** Runs a codec's call; whatever it throws fails the case by the call's name. */
export function calling<T>(call: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    return fail(`${call} threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  }
}

/** A value as failures print it: symbols and absent values by name, long texts cut. */
function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'symbol') return String(item);
    if (item === undefined) return 'undefined';
    if (item instanceof Map) return [...item];
    return item;
  });
  return text.length > 2000 ? `${text.slice(0, 2000)}...` : text;
}

function hex(byte: number | undefined): string {
  return byte === undefined ? 'missing' : `0x${byte.toString(16).padStart(2, '0')}`;
}
