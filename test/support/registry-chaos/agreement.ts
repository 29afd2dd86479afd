import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Polywire } from '../polywire.ts';
import { testAdapter } from '../registry-kit.ts';
import { type Endpoints, endpointsOf, type Rules, readTree, rulesIn, rulesOf } from './reader.ts';
import type { Tree } from './tree.ts';
import type { Witness } from './witness.ts';

/** After everything runs again, the proxy has what ZooKeeper has within so long. */
const CALM_MILLISECONDS = 30_000;
const AGAIN_MILLISECONDS = 100;

/** What the proxy and the tree say of the same. */
interface Pair<T> {
  readonly proxy: T;
  readonly tree: T;
}

/** An entry of the bootstrap's `registries`. */
export type RegistryEntry = Readonly<Record<string, unknown>> & { readonly address: string };

/** Compares what the proxy has with what is in ZooKeeper. */
export class Agreement {
  readonly #proxy: Polywire;
  readonly #tree: Tree;
  readonly #witness: Witness;
  readonly #registry: RegistryEntry;

  /** @param registry as the proxy's bootstrap has it, with the servers' own addresses */
  constructor(proxy: Polywire, tree: Tree, witness: Witness, registry: RegistryEntry) {
    this.#proxy = proxy;
    this.#tree = tree;
    this.#witness = witness;
    this.#registry = registry;
  }

  /** What the proxy has. */
  async known(): Promise<Endpoints> {
    return endpointsOf(await this.#proxy.get('/config_dump'));
  }

  /** Resolves when the proxy has what the tree has, both read anew each time: endpoints as rules leave them, and the rules themselves. */
  async reached(): Promise<void> {
    let endpoints: Pair<Endpoints> | undefined;
    let rules: Pair<Rules> | undefined;
    for (const end = performance.now() + CALM_MILLISECONDS; performance.now() < end; await wait(AGAIN_MILLISECONDS)) {
      if ((await this.#witness.source()).state !== 'synced') continue;
      endpoints = { proxy: await this.known(), tree: await readTree(this.#tree) };
      if (!isSame(endpoints)) continue;
      rules = { proxy: rulesOf(await this.#proxy.get('/config_dump')), tree: await this.#readRules() };
      if (isSame(rules)) return;
    }
    assert.equal((await this.#witness.source()).state, 'synced');
    assert.deepEqual(endpoints?.proxy, endpoints?.tree);
    assert.deepEqual(rules?.proxy, rules?.tree);
    assert.fail('they agreed at last');
  }

  /** By an adapter that reads everything for the first time: nobody else writes down what the rules come to. */
  async #readRules(): Promise<Rules> {
    const { address, type: _, ...config } = this.#registry;
    const { adapter, deliveries, entries } = await testAdapter(address, config);
    try {
      if (!deliveries.all.some(({ kind }) => kind === 'synced')) await deliveries.next(({ kind }) => kind === 'synced');
      return rulesIn(entries.values());
    } finally {
      await adapter.stop();
    }
  }
}

function isSame<T>({ proxy, tree }: Pair<T>): boolean {
  return JSON.stringify(proxy) === JSON.stringify(tree);
}
