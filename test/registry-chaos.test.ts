import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Random } from './support/http2-random.ts';
import { bootstrap } from './support/mesh.ts';
import { Polywire } from './support/polywire.ts';
import { Agreement } from './support/registry-chaos/agreement.ts';
import { APPLICATION_BEACON, Beacon, INTERFACE_BEACON } from './support/registry-chaos/beacon.ts';
import { type Card, cardsOf, type Table } from './support/registry-chaos/cards.ts';
import { Disturbances } from './support/registry-chaos/disturbances.ts';
import { Fleet } from './support/registry-chaos/fleet.ts';
import { RealProvider } from './support/registry-chaos/real-provider.ts';
import { type Connection, connectionsKnown, connectionsOf, showUsage, type Usage, usage } from './support/registry-chaos/resources.ts';
import { assertShown } from './support/registry-chaos/shown.ts';
import { INTERFACES, STEADY } from './support/registry-chaos/slots.ts';
import { Tree } from './support/registry-chaos/tree.ts';
import { Witness } from './support/registry-chaos/witness.ts';
import { requireJava } from './support/requirements.ts';
import { dubbo } from './support/wire/dubbo.ts';
import { assertAccounted, Load } from './support/wire/load.ts';
import type { RawWire } from './support/wire/raw-wire.ts';

const MIB = 1024 * 1024;
/** How long; `pnpm soak` says minutes. When nobody says, each of the short cards comes once, in the same order in every run. */
const SOAK_MS = Number(process.env['POLYWIRE_SOAK_MS'] ?? 0);
const SHORT = [
  'freeze the leader',
  'change rules',
  'lose the network inside answers',
  'close a root and all below it',
  'kill the leader',
  'empty all disks',
];
/** `POLYWIRE_CHAOS_SEED` repeats a run: the same changes and disturbances in the same order. */
const SEED = Number(process.env['POLYWIRE_CHAOS_SEED'] ?? (SOAK_MS > 0 ? Date.now() % 1_000_000 : 1));
const WARM_MS = Math.min(SOAK_MS / 2, 60_000);
const MOST_GROWTH = 48 * MIB;
const MOST_DESCRIPTORS_MORE = 16;
/** Connections end when what is under way on them did. */
const CLOSED_MS = 10_000;
const LAYOUTS = ['dubbo', 'dubbo-application', 'sofarpc', 'motan', 'spring-cloud'];

test('whatever happens to ZooKeeper and its providers, calls go where it says, and in the end the proxy knows what it knows', {
  skip: requireJava(),
  timeout: SOAK_MS + 600_000,
}, async (t) => {
  t.diagnostic(`POLYWIRE_CHAOS_SEED=${SEED}`);
  const deal = new Random(SEED);
  const disturbances = await Disturbances.start(t, new Random(SEED + 1));
  const { address } = disturbances.ensemble;
  // Before all others: it may have to be built, for which everything waits.
  const real = await RealProvider.start(t, `zookeeper://${address}`);
  const fleet = await Fleet.start(t, address, new Random(SEED + 2));
  const tree = Tree.open(address, 15_000);
  t.after(() => tree.end());
  const registry = { type: 'zookeeper', layouts: LAYOUTS, sessionTimeout: '3s', connectTimeout: '1s', deniedRetry: '200ms' };
  const registries = [{ ...registry, address: disturbances.address }];
  const proxy = await Polywire.start(t, { 'polywire.yaml': bootstrap({ registries, log: { level: 'error' } }) });
  const beacons = { interfaces: Beacon.light(t, INTERFACE_BEACON, address), applications: Beacon.light(t, APPLICATION_BEACON, address) };
  const witness = new Witness(t, proxy, fleet.slots, beacons);
  const agreement = new Agreement(proxy, tree, witness, { ...registry, address });
  await witness.until(({ state }) => state === 'synced');
  const { onAnswer, steady } = witness;
  const loads = INTERFACES.map((service) => {
    const refusals = service === STEADY ? { onRefusal: steady.onRefusal } : {};
    const port = proxy.port;
    return Load.start(t, { wire: calling(service), port, callers: 2, depth: 2, pauseMs: 5, remembered: 10_000, onAnswer, ...refusals });
  });

  const table: Table = { disturbances, fleet, tree, proxy, witness, agreement, real, random: new Random(SEED + 3) };
  const pauses = new Random(SEED + 4);
  const cards = cardsOf(table);
  const names = SOAK_MS > 0 ? [...cards.keys()] : SHORT;
  const began = performance.now();
  const done: string[] = [];
  let changes = 0;
  let warm: Usage | undefined;
  let left: string[] = [];
  while (done.length < SHORT.length || performance.now() - began < SOAK_MS) {
    // Dealt like cards: each comes once before any comes again.
    if (left.length === 0) left = [...names];
    const [name = ''] = left.splice(deal.below(left.length), 1);
    const at = performance.now();
    changes += await play(cards.get(name) ?? assert.fail(name), fleet, pauses);
    await agreement.reached();
    done.push(`${name} ${((performance.now() - at) / 1000).toFixed(1)} s`);
    assert.deepEqual(witness.late, [], `calls to providers that were gone or forbidden, after: ${done}`);
    assert.deepEqual(steady.refused, [], `a service whose provider never left is never refused, after: ${done}`);
    if (warm === undefined && performance.now() - began > WARM_MS) warm = await usage(proxy);
  }
  const end = await usage(proxy);

  await assertShown(proxy, tree);
  const tallies = await Promise.all(loads.map((load) => load.stop()));
  for (const [index, tally] of tallies.entries()) {
    t.diagnostic(`${INTERFACES[index]}: ${tally}`);
    assertAccounted(tally);
    assert.equal(tally.closed, 0, `no caller's connection was closed: ${tally}`);
  }
  await witness.stop();
  t.diagnostic(`${changes} changes; ${done.join(', ')}; when warm ${showUsage(warm)}, at the end ${showUsage(end)}`);
  assert.ok(warm !== undefined && end.bytes - warm.bytes < MOST_GROWTH, 'memory stays flat');
  assert.ok(end.descriptors - warm.descriptors < MOST_DESCRIPTORS_MORE, 'files are not left open');
  await assertClosed(proxy, disturbances.ports);
  assert.equal(proxy.log, '', 'nothing was logged as an error');
  assert.equal(await proxy.stop(), 'exit code 0');
});

/** Resolves with how many changes there were meanwhile. */
async function play({ act, isAlone = false }: Card, fleet: Fleet, pauses: Random): Promise<number> {
  let changes = 0;
  let isOver = false;
  const changing = (async () => {
    while (!isOver && !isAlone) {
      await fleet.change();
      changes++;
      await wait(pauses.between(5, 60));
    }
  })();
  try {
    await act();
    if (!isAlone) await wait(pauses.between(0, 1000));
  } finally {
    isOver = true;
    await changing;
  }
  return changes;
}

/** One connection to ZooKeeper is open, none of a caller's, and to providers those that the proxy knows of. */
async function assertClosed(proxy: Polywire, servers: ReadonlySet<number>): Promise<void> {
  let open: readonly Connection[] = [];
  let known: ReadonlyMap<number, number> = new Map();
  for (const end = performance.now() + CLOSED_MS; performance.now() < end; await wait(50)) {
    known = await connectionsKnown(proxy);
    open = connectionsOf(proxy.pid).filter(({ acceptedAt }) => acceptedAt === undefined || acceptedAt === proxy.port);
    const expected = [...known].reduce((sum, [, count]) => sum + count, 1);
    const isKnown = [...known].every(([port, count]) => open.filter(({ remotePort }) => remotePort === port).length === count);
    const isFollowing = open.filter(({ remotePort }) => servers.has(remotePort)).length === 1;
    if (process.platform !== 'linux' || (isFollowing && isKnown && open.length === expected)) return;
  }
  assert.fail(`sockets are left open: ${JSON.stringify(open)}; known: ${JSON.stringify([...known])}, ZooKeeper: ${[...servers]}`);
}

function calling(service: string): RawWire {
  return { ...dubbo, request: (id, call) => dubbo.request(id, { ...call, service }) };
}
