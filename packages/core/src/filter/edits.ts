import type { HeaderEdits } from '../protocol/spi.ts';

/** Both edits as one, `later` after `earlier`. */
export function combineEdits(earlier: HeaderEdits | undefined, later: HeaderEdits): HeaderEdits {
  if (earlier === undefined) return later;
  const set = new Map(earlier.set);
  const add = new Map(earlier.add);
  const remove = new Set(earlier.remove);
  for (const name of later.remove) {
    set.delete(name);
    add.delete(name);
    remove.add(name);
  }
  for (const [name, value] of later.set) {
    set.set(name, value);
    add.delete(name);
  }
  for (const [name, value] of later.add) {
    const before = add.get(name);
    add.set(name, before === undefined ? value : `${before},${value}`);
  }
  return { remove: [...remove], set, add };
}
