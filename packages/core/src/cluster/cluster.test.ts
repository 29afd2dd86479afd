import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cluster, type ClusterSpec, ClusterStats, type ResolvedEndpoints } from './cluster.ts';
import { ClusterSet } from './cluster-set.ts';
import type { Endpoint } from './endpoint.ts';
import { BALANCERS } from './lb/built-in.ts';
import { leastRequest } from './lb/least-request.ts';
import { random } from './lb/random.ts';
import { roundRobin } from './lb/round-robin.ts';
import type { BalancedEndpoint, LoadBalancerFactory } from './load-balancer.ts';

interface Live extends BalancedEndpoint {
  activeRequests: number;
  available: boolean;
}

function endpoint(address: string, weight = 1): Endpoint {
  return { address, port: 1, weight, labels: new Map(), metadata: new Map(), origin: 'o' };
}

function chosen(...endpoints: Endpoint[]): ResolvedEndpoints {
  return { chosen: endpoints, leftOut: [], emptiness: 'nobody is there' };
}

function source() {
  const users = new Map<string, number>();
  const count = (address: string, by: number) => users.set(address, (users.get(address) ?? 0) + by);
  return {
    users,
    acquire(data: Endpoint): Live {
      count(data.address, 1);
      return { endpoint: data, activeRequests: 0, available: true, knownSince: 0 };
    },
    release(live: Live): void {
      count(live.endpoint.address, -1);
    },
  };
}

function spec(resolve: () => ResolvedEndpoints, more: Partial<ClusterSpec> = {}): ClusterSpec {
  return { id: 'id', name: 'A', loadBalancer: 'ROUND_ROBIN', origin: 'o', dependsOn: ['a'], resolve, ...more };
}

function clusterOf(factory: LoadBalancerFactory, weights: readonly number[], sharePicks = true): Cluster<Live> {
  const endpoints = weights.map((weight, index) => endpoint(`e${index}`, weight));
  return new Cluster(
    spec(() => chosen(...endpoints)),
    new ClusterStats(),
    source(),
    factory.create(),
    sharePicks,
  );
}

/** How often each endpoint was picked, as shares; reads bring as many requests as `sizes` say, in turn. */
function shares(cluster: Cluster<Live>, picks: number, sizes: (read: number) => number): number[] {
  const counts = new Map<Live | undefined, number>();
  let read = 0;
  for (let done = 0; done < picks; read++) {
    for (let i = 0; i < sizes(read) && done < picks; i++, done++) {
      const picked = cluster.pick(read, undefined);
      counts.set(picked, (counts.get(picked) ?? 0) + 1);
    }
  }
  return cluster.endpoints.map((live) => (counts.get(live) ?? 0) / picks);
}

function assertShares(actual: readonly number[], weights: readonly number[]): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    const difference = Math.abs((actual[index] ?? 0) - weight / total);
    assert.ok(difference <= 0.02, `endpoint ${index} of weights ${weights.join(':')} got ${actual[index]}`);
  }
}

describe('shares of 10,000 requests are within 2 % of the weights', () => {
  const weightings = [[1, 1], [1, 1, 1], [90, 10], [50, 30, 20], [100, 1, 99], [7]];
  const reads: [string, (read: number) => number][] = [
    ['one request a read', () => 1],
    ['32 requests a read', () => 32],
    ['reads of 1 and 32 in turn', (read) => (read % 2 === 0 ? 1 : 32)],
    ['reads of growing size', (read) => (read % 40) + 1],
  ];
  for (const weights of weightings) {
    for (const [what, sizes] of reads) {
      it(`round robin, ${weights.join(':')}, ${what}`, () => {
        assertShares(shares(clusterOf(roundRobin, weights), 10_000, sizes), weights);
      });
    }
    it(`at random, ${weights.join(':')}`, () =>
      assertShares(
        shares(clusterOf(random, weights), 40_000, () => 1),
        weights,
      ));
    it(`least request, idle, ${weights.join(':')}`, () =>
      assertShares(
        shares(clusterOf(leastRequest, weights), 40_000, () => 8),
        weights,
      ));
  }
});

describe('a pick', () => {
  it('is shared by the requests of a read, unless each is balanced on its own or the balancer looks at load', () => {
    const distinct = (cluster: Cluster<Live>) => new Set(Array.from({ length: 64 }, () => cluster.pick(5, undefined))).size;
    assert.equal(distinct(clusterOf(roundRobin, [1, 1])), 1);
    assert.equal(distinct(clusterOf(roundRobin, [1, 1], false)), 2);
    assert.equal(distinct(clusterOf(leastRequest, [1, 1])), 2);
  });

  it('is not shared once its endpoint is unavailable', () => {
    const cluster = clusterOf(roundRobin, [1, 1]);
    const first = cluster.pick(5, undefined);
    assert.ok(first);
    first.available = false;
    const second = cluster.pick(5, undefined);
    assert.notEqual(second, first);
    assert.equal(cluster.pick(5, undefined), second);
  });

  for (const factory of [roundRobin, random, leastRequest]) {
    for (const weights of [
      [1, 1, 1],
      [5, 3, 1],
    ]) {
      it(`of ${factory.name} ${weights.join(':')} avoids what is unavailable or just failed`, () => {
        const cluster = clusterOf(factory, weights);
        const [a, b, c] = cluster.endpoints;
        assert.ok(a && b && c);
        a.available = false;
        for (let i = 0; i < 200; i++) assert.notEqual(cluster.pick(i, undefined), a);
        for (let i = 0; i < 200; i++) assert.equal(cluster.pick(i, b), c);
        c.available = false;
        assert.equal(cluster.pick(1, b), b, 'nothing else is available');
        b.available = false;
        assert.ok([a, c].includes(cluster.pick(1, b) ?? b), 'nothing is: any but the one that just failed');
        assert.ok(cluster.pick(1, undefined));
      });
    }
  }

  it('of one endpoint is that one, also when it just failed or is unavailable', () => {
    for (const factory of [roundRobin, random, leastRequest]) {
      const cluster = clusterOf(factory, [3]);
      const [only] = cluster.endpoints;
      assert.equal(cluster.pick(1, only), only);
      if (only !== undefined) only.available = false;
      assert.equal(cluster.pick(2, only), only);
      assert.equal(cluster.pick(3, undefined), only);
    }
  });

  it('of LEAST_REQUEST goes to the less loaded, in proportion to weight', () => {
    const cluster = clusterOf(leastRequest, [1, 1]);
    const [busy, idle] = cluster.endpoints;
    assert.ok(busy && idle);
    busy.activeRequests = 10;
    const picks = Array.from({ length: 1000 }, (_, i) => cluster.pick(i, undefined));
    const toIdle = picks.filter((picked) => picked === idle).length;
    assert.ok(toIdle > 650 && toIdle < 850, `${toIdle} of 1000: all but those where both draws were the busy one`);
  });

  it('spreads turns evenly: 5:1:1 never gives five in a row', () => {
    const cluster = clusterOf(roundRobin, [5, 1, 1]);
    const turns = Array.from({ length: 700 }, (_, i) => cluster.pick(i, undefined)?.endpoint.address).join(' ');
    assert.equal(turns.includes('e0 e0 e0 e0 e0'), false);
  });
});

describe('a cluster', () => {
  it('acquires new endpoints before it releases old ones', () => {
    const endpoints = source();
    let resolved = chosen(endpoint('a'), endpoint('b'));
    let lowest = 1;
    const release = endpoints.release.bind(endpoints);
    endpoints.release = (live) => {
      release(live);
      if (live.endpoint.address === 'b') lowest = Math.min(lowest, endpoints.users.get('b') ?? 0);
    };
    const cluster = new Cluster(
      spec(() => resolved),
      new ClusterStats(),
      endpoints,
      roundRobin.create(),
      true,
    );
    resolved = chosen(endpoint('b', 5), endpoint('c'));
    cluster.refresh();
    assert.deepEqual(Object.fromEntries(endpoints.users), { a: 0, b: 1, c: 1 });
    assert.equal(lowest, 1, 'b was never without a user');
    cluster.close();
    assert.deepEqual([...endpoints.users.values()], [0, 0, 0]);
    assert.equal(cluster.pick(1, undefined), undefined);
    assert.equal(cluster.describeEmptiness(), 'A is no longer configured');
  });

  it('that is looked up again and found the same goes on as it was', () => {
    const endpoints = source();
    const list = [endpoint('a', 3), endpoint('b', 1)];
    const resolve = () => ({ ...chosen(...list), emptiness: 'another reason' });
    const cluster = new Cluster(spec(resolve), new ClusterStats(), endpoints, roundRobin.create(), true);
    const before = cluster.endpoints;
    cluster.refresh();
    assert.equal(cluster.endpoints, before);
    list.pop();
    cluster.refresh();
    assert.deepEqual(
      cluster.endpoints.map((live) => live.endpoint.address),
      ['a'],
    );
  });

  it('without endpoints says why', () => {
    const cluster = new Cluster(
      spec(() => chosen()),
      new ClusterStats(),
      source(),
      roundRobin.create(),
      true,
    );
    assert.equal(cluster.pick(1, undefined), undefined);
    assert.equal(cluster.describeEmptiness(), 'nobody is there');
  });
});

describe('a set of clusters', () => {
  function set() {
    const endpoints = source();
    return { endpoints, clusters: new ClusterSet<Live>({ endpoints, loadBalancers: BALANCERS, balance: 'readEvent' }) };
  }

  it('shares a cluster among its users and closes it after the last', () => {
    const { endpoints, clusters } = set();
    const one = clusters.acquire(spec(() => chosen(endpoint('a'))));
    assert.equal(clusters.acquire(spec(() => chosen(endpoint('a')))), one);
    clusters.release(one);
    assert.deepEqual([...clusters.all()], [one]);
    clusters.release(one);
    assert.deepEqual([...clusters.all()], []);
    assert.equal(endpoints.users.get('a'), 0);
    clusters.release(one);
  });

  it('does not let a late release close the successor', () => {
    const { clusters } = set();
    const old = clusters.acquire(spec(() => chosen(endpoint('a'))));
    clusters.release(old);
    const successor = clusters.acquire(spec(() => chosen(endpoint('a'))));
    clusters.release(old);
    assert.deepEqual([...clusters.all()], [successor]);
    assert.equal(successor.stats, old.stats, 'counters go on');
  });

  it('refreshes only what depends on a name', () => {
    const { clusters } = set();
    const resolved: string[] = [];
    const named = (id: string) => {
      const resolve = () => {
        resolved.push(id);
        return chosen();
      };
      return spec(resolve, { id, dependsOn: [id, 'both'] });
    };
    clusters.acquire(named('x'));
    clusters.acquire(named('y'));
    resolved.length = 0;
    clusters.refresh(['x', 'z']);
    assert.deepEqual(resolved, ['x']);
    clusters.refresh(['both', 'x']);
    assert.deepEqual(resolved, ['x', 'x', 'y']);
  });
});
