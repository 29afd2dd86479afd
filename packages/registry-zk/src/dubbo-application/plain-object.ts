import type { JsonObject } from '../json.ts';

/** Nothing that is looked for is deeper: metadata, services, service, parameters. */
const DEPTH = 4;
/** Entries of all objects together. What a service shares between its values costs it nothing, and each of them is read here. */
const MOST_ENTRIES = 500_000;

/**
 * A map that a service answered, and the maps in it, as objects with its texts, numbers and booleans; undefined: it is no map.
 * @throws Error when it is too large
 */
export function plainObject(value: unknown): JsonObject | undefined {
  let entries = 0;
  const plain = (map: ReadonlyMap<unknown, unknown>, depth: number): JsonObject => {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, each] of map) {
      if (++entries > MOST_ENTRIES) throw new Error(`more than ${MOST_ENTRIES} entries`);
      if (typeof key !== 'string') continue;
      if (typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean') object[key] = each;
      else if (each instanceof Map && depth < DEPTH) object[key] = plain(each, depth + 1);
    }
    return object;
  };
  return value instanceof Map ? plain(value, 1) : undefined;
}
