import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Random } from './support/http2-random.ts';
import { bootstrap } from './support/mesh.ts';
import { Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { Disturbances } from './support/registry-chaos/disturbances.ts';
import { Fleet, INTERFACES } from './support/registry-chaos/fleet.ts';
import { type Endpoints, endpointsOf, readTree } from './support/registry-chaos/reader.ts';
import { Tree } from './support/registry-chaos/tree.ts';
import { Witness } from './support/registry-chaos/witness.ts';
import { requireJava } from './support/requirements.ts';
import { dubbo } from './support/wire/dubbo.ts';
import { assertAccounted, Load } from './support/wire/load.ts';
import type { RawWire } from './support/wire/raw-wire.ts';

const MIB = 1024 * 1024;
/** How long; `pnpm soak` says minutes. */
const SOAK_MS = Number(process.env['POLYWIRE_SOAK_MS'] ?? 15_000);
/** `POLYWIRE_CHAOS_SEED` repeats a run: the same changes and disturbances in the same order. */
const SEED = Number(process.env['POLYWIRE_CHAOS_SEED'] ?? Date.now() % 1_000_000);
/** After everything runs again, the proxy has what ZooKeeper has within so long. */
const CALM_MS = 20_000;
const WARM_MS = Math.min(SOAK_MS / 2, 60_000);
const MOST_GROWTH = 48 * MIB;
const MOST_DESCRIPTORS_MORE = 16;
const LAYOUTS = ['dubbo', 'dubbo-application', 'sofarpc', 'motan', 'spring-cloud'];

test('whatever happens to ZooKeeper and its providers, calls go where it says, and in the end the proxy knows what it knows', {
  skip: requireJava(),
  timeout: SOAK_MS + 180_000,
}, async (t) => {
  t.diagnostic(`POLYWIRE_CHAOS_SEED=${SEED}`);
  const disturbances = await Disturbances.start(t, new Random(SEED));
  const { ensemble } = disturbances;
  // Before all others: it may have to be built, for which everything waits.
  const real = new RealProvider(t, `zookeeper://${ensemble.address}`);
  await real.start();
  const fleet = await Fleet.start(t, ensemble.address, new Random(SEED + 1));
  const tree = Tree.open(ensemble.address, 15_000);
  t.after(() => tree.end());
  const registry = { type: 'zookeeper', address: disturbances.address, layouts: LAYOUTS, sessionTimeout: '3s', connectTimeout: '1s' };
  const registries = [{ ...registry, deniedRetry: '200ms' }];
  const proxy = await Polywire.start(t, { 'polywire.yaml': bootstrap({ registries, log: { level: 'error' } }) });
  const witness = new Witness(t, proxy, fleet.slots, () => disturbances.isSilent);
  await proxy.until('/registry?format=json', (page) => JSON.parse(page).at(-1).state === 'synced');
  const loads = INTERFACES.map((service) =>
    Load.start(t, {
      wire: calling(service),
      port: proxy.port,
      callers: 2,
      depth: 2,
      pauseMs: 5,
      remembered: 10_000,
      onAnswer: witness.onAnswer,
    }),
  );

  /** Resolves when the proxy has what the tree has, both read anew each time. */
  const agree = async (): Promise<void> => {
    let states: [Endpoints, Endpoints] = [{}, {}];
    for (const end = performance.now() + CALM_MS; performance.now() < end; await wait(100)) {
      if ((await witness.source()).state !== 'synced') continue;
      states = [endpointsOf(await proxy.get('/config_dump')), await readTree(tree)];
      if (JSON.stringify(states[0]) === JSON.stringify(states[1])) return;
    }
    assert.equal((await witness.source()).state, 'synced');
    assert.deepEqual(...states);
  };
  const closeList = (): Promise<void> => {
    const [steady] = INTERFACES;
    return fleet.closed(steady, async () => {
      disturbances.breakConnections();
      await proxy.until('/registry?format=json', (page) => page.includes('"held": "denied"'));
    });
  };
  const all = new Map(disturbances.all).set('close a list', closeList).set('kill a provider', () => real.restart());

  const random = new Random(SEED + 2);
  const began = performance.now();
  const done = new Map<string, number>();
  let changes = 0;
  let warm: Usage | undefined;
  let left: string[] = [];
  while (performance.now() - began < SOAK_MS) {
    let disturbed = false;
    const changing = (async () => {
      while (!disturbed) {
        await fleet.change();
        changes++;
        await wait(random.between(5, 60));
      }
    })();
    // Dealt like cards: each comes once before any comes again.
    if (left.length === 0) left = [...all.keys()];
    const [name = ''] = left.splice(random.below(left.length), 1);
    await all.get(name)?.();
    done.set(name, (done.get(name) ?? 0) + 1);
    await wait(random.between(0, 1500));
    disturbed = true;
    await changing;
    await agree();
    assert.deepEqual(witness.late, [], `calls to providers that were gone, after: ${name}`);
    if (warm === undefined && performance.now() - began > WARM_MS) warm = await usage(proxy);
  }

  const tallies = await Promise.all(loads.map((load) => load.stop()));
  await witness.stop();
  for (const [index, tally] of tallies.entries()) {
    t.diagnostic(`${INTERFACES[index]}: ${tally}`);
    assertAccounted(tally);
    assert.equal(tally.closed, 0, `no caller's connection was closed: ${tally}`);
  }
  assert.equal(tallies[0]?.failed, 0, `a service whose provider never left was never refused: ${tallies[0]}`);
  const end = await usage(proxy);
  const counts = [...done].map(([name, count]) => `${name} ${count}`).join(', ');
  t.diagnostic(`${changes} changes; ${counts}; when warm ${show(warm)}, at the end ${show(end)}`);
  assert.ok(warm !== undefined && end.bytes - warm.bytes < MOST_GROWTH, 'memory stays flat');
  assert.ok(end.descriptors - warm.descriptors < MOST_DESCRIPTORS_MORE, 'sockets are not left open');
  assert.equal(proxy.log, '', 'nothing was logged as an error');
  assert.equal(await proxy.stop(), 'exit code 0');
});

/** Dubbo itself, registered beside the others. */
class RealProvider {
  readonly #owner: TestContext;
  readonly #registry: string;
  #provider: Provider | undefined;

  constructor(owner: TestContext, registry: string) {
    this.#owner = owner;
    this.#registry = registry;
  }

  async start(): Promise<void> {
    const exports = [{ name: 'real', port: await freePort() }];
    this.#provider = await Provider.start(this.#owner, 'dubbo3', { registry: this.#registry, exports });
  }

  /** Its nodes stay until its session runs out, beside those of the next. */
  async restart(): Promise<void> {
    await this.#provider?.kill();
    await this.start();
  }
}

function calling(service: string): RawWire {
  return { ...dubbo, request: (id, call) => dubbo.request(id, { ...call, service }) };
}

interface Usage {
  readonly bytes: number;
  readonly descriptors: number;
}

async function usage(proxy: Polywire): Promise<Usage> {
  const descriptors = process.platform === 'linux' ? readdirSync(`/proc/${proxy.pid}/fd`).length : 0;
  return { bytes: await proxy.stat('polywire_resident_memory_bytes'), descriptors };
}

function show(usage: Usage | undefined): string {
  return usage === undefined ? 'unknown' : `${(usage.bytes / MIB).toFixed(0)} MiB, ${usage.descriptors} descriptors`;
}
