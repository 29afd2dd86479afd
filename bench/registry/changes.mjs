// Changes in ZooKeeper at a steady rate, and when the proxy has each of them in force.
import { interfaceName } from './tree.mjs';

const TICK_MS = 10;
/** Of all changes, those of services in use: so many that the times at their pickers can be told. */
const USED_SHARE = 0.1;

function* forever(names) {
  for (;;) yield* names.toSorted(() => Math.random() - 0.5);
}

/** Makes `rate` changes a second over random services; each is one provider that comes, goes or changes its weight. */
export async function makeChanges(tree, { rate, seconds, services, used }) {
  const ofUsed = forever(used);
  const inUse = new Set(used);
  const ofOthers = forever(Array.from({ length: services }, (_, index) => interfaceName(index)).filter((name) => !inUse.has(name)));
  const changes = [];
  const answers = [];
  const total = rate * seconds;
  const began = performance.now();
  while (changes.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - began) * rate) / 1_000));
    while (changes.length < due) {
      const name = (Math.random() < USED_SHARE ? ofUsed : ofOthers).next().value;
      const at = process.hrtime.bigint();
      const written = change(tree, name, changes.length);
      const made = { name, at, wanted: stateOf(tree, name), writtenMs: 0 };
      answers.push(written.then(() => Object.assign(made, { writtenMs: Number(process.hrtime.bigint() - at) / 1e6 })));
      changes.push(made);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const lasted = (performance.now() - began) / 1_000;
  await Promise.all(answers);
  return { changes, rate: changes.length / lasted };
}

function change(tree, name, serial) {
  if (serial % 3 === 0) return tree.reweigh(name, 1 + (serial % 1_000));
  const count = tree.providers.get(name).length;
  return count > 5 || (count > 4 && serial % 2 === 0) ? tree.remove(name) : tree.add(name, 1 + (serial % 1_000));
}

/** What is registered for a service, in one text. */
export const stateOf = (tree, name) => textOf(tree.providers.get(name).map(({ address, weight }) => `${address} ${weight}`));
export const textOf = (endpoints) => endpoints.toSorted().join();

/**
 * Milliseconds from each request that changes a node to the moment at which the proxy had what the change made of its service. A service that
 * changes again before that is counted by its later change.
 */
export function latencies(changes, seen, inPickers, services) {
  const states = new Map();
  for (const [name, at, endpoints, isPicker] of seen) {
    if (isPicker !== inPickers) continue;
    if (!states.has(name)) states.set(name, []);
    states.get(name).push({ at, state: textOf(endpoints) });
  }
  const times = [];
  let merged = 0;
  for (const { name, at, wanted } of changes) {
    if (services !== undefined && !services.includes(name)) continue;
    const found = states.get(name)?.find((each) => each.at > at && each.state === wanted);
    if (found === undefined) merged++;
    else times.push(Number(found.at - at) / 1e6);
  }
  return { times: times.sort((a, b) => a - b), merged };
}

/** The same until ZooKeeper itself said that it is done. */
export function writeTimes(changes) {
  return { times: changes.map(({ writtenMs }) => writtenMs).sort((a, b) => a - b), merged: 0 };
}

export const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
