import { createCipheriv } from 'node:crypto';

/** Bytes without a pattern that are the same in every run. */
export function noise(seed: number, size: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** An order that is the same in every run and looks like none. */
export function shuffled<T>(list: readonly T[]): T[] {
  const keys = noise(list.length, list.length * 4);
  return list
    .map((item, index) => ({ item, key: keys.readUInt32BE(index * 4) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
