import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Cluster, type ClusterSpec, ClusterStats } from './cluster.ts';
import { EffectiveWeights } from './effective-weights.ts';
import type { Endpoint } from './endpoint.ts';
import { BALANCERS } from './lb/built-in.ts';
import { roundRobin } from './lb/round-robin.ts';
import type { BalancedEndpoint, LoadBalancerFactory } from './load-balancer.ts';
import { type WarmUp, warmingWeight } from './warm-up.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
/** As Dubbo's and Envoy's consumers count, and one that stays small until the end. */
const DUBBO: WarmUp = { durationMs: 10 * MINUTE, leastWeight: 1, leastShare: 0, exponent: 1, whole: true };
const ENVOY: WarmUp = { durationMs: MINUTE, leastWeight: 0, leastShare: 0.1, exponent: 1 };
const SOFA: WarmUp = { durationMs: MINUTE, leastWeight: 20, leastShare: 0 };

beforeEach(() => mock.timers.enable({ apis: ['Date', 'setTimeout'], now: NOW }));
afterEach(() => mock.timers.reset());

function endpoint(address: string, more: Partial<Endpoint> = {}): Endpoint {
  return { address, port: 1, weight: 100, labels: new Map(), metadata: new Map(), origin: 'o', ...more };
}

interface Options extends Partial<Pick<ClusterSpec, 'warmUp' | 'partOf'>> {
  readonly balancer?: LoadBalancerFactory;
}

/** A cluster whose endpoints may be replaced, and whose addresses are known from when they were first used. */
class Fleet {
  readonly cluster: Cluster<BalancedEndpoint>;
  readonly #knownSince = new Map<string, number>();
  #chosen: readonly Endpoint[];

  constructor(endpoints: readonly Endpoint[], { balancer = roundRobin, ...spec }: Options = {}) {
    this.#chosen = endpoints;
    const resolve = () => ({ chosen: this.#chosen, leftOut: [], emptiness: 'nobody' });
    const source = { acquire: (each: Endpoint) => this.#live(each), release: () => undefined };
    const whole = { id: 'id', name: 'A', loadBalancer: balancer.name, origin: 'o', dependsOn: [], resolve, ...spec };
    this.cluster = new Cluster(whole, new ClusterStats(), source, balancer.create(), false);
  }

  replace(endpoints: readonly Endpoint[]): void {
    this.#chosen = endpoints;
    this.cluster.refresh();
  }

  /** What each endpoint counts. */
  get weights(): number[] {
    return this.cluster.endpoints.map((live, index) => this.cluster.warming(index)?.weight ?? live.endpoint.weight);
  }

  /** How often each is picked. */
  picks(count: number): number[] {
    const counts = new Map<BalancedEndpoint | undefined, number>();
    for (let i = 0; i < count; i++) {
      const picked = this.cluster.pick(i, undefined);
      counts.set(picked, (counts.get(picked) ?? 0) + 1);
    }
    return this.cluster.endpoints.map((live) => counts.get(live) ?? 0);
  }

  #live(each: Endpoint): BalancedEndpoint {
    const knownSince = this.#knownSince.get(each.address) ?? Date.now();
    this.#knownSince.set(each.address, knownSince);
    return { endpoint: each, activeRequests: 0, available: true, knownSince };
  }
}

describe('the weight of an endpoint that warms up', () => {
  it('is what the formula of Dubbo says', () => {
    const at = (seconds: number, weight = 100) => warmingWeight(weight, DUBBO, seconds * 1000);
    assert.deepEqual(
      [0, 5, 10, 12, 60, 300, 599].map((seconds) => at(seconds)),
      [1, 1, 1, 2, 10, 50, 99],
    );
    assert.equal(at(60, 205), 20);
    assert.equal(at(0, 0.5), 0.5, 'never more than the weight');
  });

  it("is what Envoy's slow start says", () => {
    const at = (seconds: number, aggression: number) => warmingWeight(1, { ...ENVOY, exponent: 1 / aggression }, seconds * 1000);
    assert.deepEqual([at(0, 1), at(5, 1), at(15, 1), at(30, 1)], [0.1, 0.1, 0.25, 0.5]);
    assert.equal(at(15, 2), 0.5);
  });

  it("is SOFARPC's other weight to the end", () => {
    assert.deepEqual([warmingWeight(100, SOFA, 0), warmingWeight(100, SOFA, MINUTE - 1), warmingWeight(5, SOFA, 0)], [20, 20, 5]);
  });

  it('is never 0', () => {
    for (const warmUp of [SOFA, ENVOY]) {
      const weight = warmingWeight(100, { ...warmUp, leastShare: 0, leastWeight: 0 }, -5);
      assert.ok(weight > 0 && weight < 0.01);
    }
  });
});

describe('a cluster with an endpoint that has just started', () => {
  const old = endpoint('old', { startedAt: NOW - 60 * MINUTE, warmUp: DUBBO });
  const young = endpoint('young', { startedAt: NOW - MINUTE, warmUp: DUBBO });

  for (const balancer of BALANCERS.values()) {
    it(`gives it what it counts, more and more, by ${balancer.name}`, () => {
      const fleet = new Fleet([old, young], { balancer });
      const share = () => (fleet.picks(20_000)[1] ?? 0) / 20_000;
      // Least request compares two draws that are equally idle: the first counts.
      assert.ok(Math.abs(share() - 10 / 110) < 0.025);
      mock.timers.tick(4 * MINUTE);
      assert.deepEqual(fleet.weights, [100, 50]);
      assert.ok(Math.abs(share() - 50 / 150) < 0.025);
      mock.timers.tick(6 * MINUTE);
      assert.deepEqual(fleet.weights, [100, 100]);
      assert.ok(Math.abs(share() - 1 / 2) < 0.025);
    });
  }

  it('says how far it is, and until when', () => {
    const { cluster } = new Fleet([old, young]);
    assert.equal(cluster.warming(0), undefined);
    assert.deepEqual(cluster.warming(1), { weight: 10, until: NOW + 9 * MINUTE });
  });

  it('renews weights at a bounded rate, keeps no process alive, and stops when all are warm or it is closed', (t) => {
    const pauses: number[] = [];
    let released = 0;
    const start = globalThis.setTimeout;
    const timers = t.mock.method(globalThis, 'setTimeout', (callback: () => void, ms: number) => {
      pauses.push(ms);
      const timer = start(callback, ms);
      t.mock.method(timer, 'unref', () => {
        released++;
        return timer;
      });
      return timer;
    });
    const fleet = new Fleet([old, young]);
    for (let second = 0; second < 9 * 60; second++) mock.timers.tick(1000);
    assert.deepEqual(fleet.weights, [100, 100]);
    assert.deepEqual(pauses, Array(90).fill(6000), 'each hundredth of ten minutes');
    assert.equal(released, 90);
    mock.timers.tick(60 * MINUTE);
    assert.equal(timers.mock.callCount(), 90, 'nothing runs any more');
    for (const partOf of [{}, { partOf: 'A' }]) {
      const closed = new Fleet([old, endpoint('young', { startedAt: Date.now(), warmUp: DUBBO })], partOf);
      const before = timers.mock.callCount();
      closed.cluster.close();
      mock.timers.tick(MINUTE);
      assert.equal(timers.mock.callCount(), before);
    }
  });

  it('starts no timer when all are warm', (t) => {
    const timers = t.mock.method(globalThis, 'setTimeout');
    new Fleet([old, endpoint('plain')]);
    assert.equal(timers.mock.callCount(), 0);
  });

  it('waits for the end alone where the weight does not grow', (t) => {
    const fleet = new Fleet([old, endpoint('young', { startedAt: NOW - 20_000, warmUp: SOFA })]);
    const timers = t.mock.method(globalThis, 'setTimeout');
    assert.deepEqual(fleet.weights, [100, 20]);
    mock.timers.tick(39_999);
    assert.deepEqual(fleet.weights, [100, 20]);
    mock.timers.tick(1);
    assert.deepEqual(fleet.weights, [100, 100]);
    assert.equal(timers.mock.callCount(), 0);
  });

  it('does not forget whose turn it is when weights are renewed', () => {
    const warmUp = { ...DUBBO, durationMs: 1000 * MINUTE, whole: false };
    const fleet = new Fleet([old, endpoint('young', { startedAt: NOW - 10 * MINUTE, warmUp })]);
    // One call each 10 s, and weights are renewed between any two: the young one, which counts 1 at first and 11 in the end, has its turn.
    let young = 0;
    for (let call = 0; call < 606; call++) {
      mock.timers.tick(10_000);
      if (fleet.cluster.pick(call, undefined)?.endpoint.address === 'young') young++;
    }
    assert.ok(young >= 20 && young <= 45, `${young} of 606`);
  });
});

describe('where all endpoints warm up', () => {
  it('shares follow what they count, and are equal when they started together', () => {
    const at = (seconds: number, name: string) => endpoint(name, { startedAt: NOW - seconds * 1000, warmUp: DUBBO });
    assert.deepEqual(new Fleet([at(5, 'a'), at(10, 'b')]).picks(1000), [500, 500], 'both count 1, as for Dubbo');
    assert.deepEqual(new Fleet([at(60, 'a'), at(120, 'b')]).picks(3000), [1000, 2000]);
  });

  it('and may count next to nothing, one of them is chosen', () => {
    const warmUp = { ...SOFA, leastWeight: 0 };
    const fleet = new Fleet([endpoint('a', { startedAt: NOW, warmUp }), endpoint('b', { startedAt: NOW, warmUp })]);
    assert.deepEqual(fleet.picks(10), [5, 5]);
  });
});

describe('the time at which an endpoint started', () => {
  const weightsAt = (startedAt: number | undefined, more: Partial<Endpoint> = {}) => {
    const start = startedAt === undefined ? {} : { startedAt };
    return new Fleet([endpoint('old'), endpoint('e', { warmUp: DUBBO, ...start, ...more })]);
  };

  it('is when it was first seen, when it is not said or still to come', () => {
    for (const startedAt of [undefined, NOW + 60 * MINUTE, Number.MAX_SAFE_INTEGER]) {
      const fleet = weightsAt(startedAt);
      assert.deepEqual(fleet.weights, [100, 1]);
      mock.timers.tick(5 * MINUTE);
      assert.deepEqual(fleet.weights, [100, 50]);
      mock.timers.tick(5 * MINUTE);
      assert.deepEqual(fleet.weights, [100, 100]);
      mock.timers.setTime(NOW);
    }
  });

  it('is not later than when the registry said so, though others were announced since', () => {
    const young = endpoint('e', { warmUp: DUBBO, startedAt: NOW + 8 * MINUTE, learnt: { session: '1', at: NOW } });
    const fleet = new Fleet([endpoint('old'), young]);
    mock.timers.tick(9 * MINUTE);
    fleet.replace([endpoint('old'), young, endpoint('another')]);
    assert.deepEqual(fleet.weights, [100, 90, 100]);
  });

  it('is that of the new process where one starts again at its address', () => {
    const fleet = weightsAt(NOW - 60 * MINUTE);
    assert.deepEqual(fleet.weights, [100, 100]);
    fleet.replace([endpoint('old'), endpoint('e', { warmUp: DUBBO, startedAt: NOW - MINUTE })]);
    assert.deepEqual(fleet.weights, [100, 10]);
  });

  it('stays when its weight or that of others changes', () => {
    const fleet = weightsAt(undefined);
    mock.timers.tick(2 * MINUTE);
    fleet.replace([endpoint('old', { weight: 50 }), endpoint('e', { warmUp: DUBBO, weight: 200 })]);
    assert.deepEqual(fleet.weights, [50, 40]);
  });

  it('does not matter to a clock that is set back', () => {
    const live = { endpoint: endpoint('e', { warmUp: DUBBO }), activeRequests: 0, available: true, knownSince: NOW };
    const weights = new EffectiveWeights([live], undefined, NOW);
    const before = NOW - 24 * 60 * MINUTE;
    weights.renew(before);
    assert.equal(weights.values[0], 1);
    assert.equal(weights.pauseMs(before), 6000);
    weights.renew(before + 5 * MINUTE);
    assert.equal(weights.values[0], 50);
  });
});

describe('what a rule says of a cluster', () => {
  it('counts for all its endpoints, in place of what they say themselves', () => {
    const fleet = new Fleet([endpoint('a', { startedAt: NOW - 15_000, warmUp: DUBBO }), endpoint('b')], { warmUp: ENVOY });
    assert.deepEqual(fleet.weights, [25, 10]);
    mock.timers.tick(30_000);
    assert.deepEqual(fleet.weights, [75, 50]);
    fleet.replace([endpoint('b'), endpoint('c')]);
    assert.deepEqual(fleet.weights, [50, 10]);
  });
});

describe('a balancer of a plugin', () => {
  it('gets a new picker with the new weights when the old one cannot go on', () => {
    const seen: number[][] = [];
    const update: ReturnType<LoadBalancerFactory['create']>['update'] = (endpoints, weights) => {
      seen.push([...weights]);
      return { pick: () => endpoints[0] };
    };
    const balancer = { name: 'FIRST', create: () => ({ sharesPicks: false, update }) };
    new Fleet([endpoint('a', { startedAt: NOW - 54_000, warmUp: DUBBO })], { balancer });
    for (let second = 0; second < 12; second++) mock.timers.tick(1000);
    assert.deepEqual(seen, [[9], [10], [11]]);
  });
});
