import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CALL_SERVICE } from './support/governance.ts';
import { bootstrap, documents, entries } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { direct, type Wire } from './support/wires.ts';
import { ZooKeeper } from './support/zookeeper.ts';

const WIRE: Wire = { module: 'dubbo3', serialization: 'hessian2' };
/** By so much weights may be late on a busy machine. */
const LATE_MILLISECONDS = 2000;
/** Turns that round robin may have given in advance. */
const TURNS = 3;

interface EndpointStatus {
  readonly address: string;
  readonly weight: number;
  readonly warming?: { readonly weight: number; readonly until: string };
}

/** Who answered a load, between when and when. */
interface Observed {
  readonly from: number;
  readonly to: number;
  readonly calls: number;
  readonly young: number;
}

/** The young one got what the weight gives it beside an old one: no less than at the beginning, no more than in the end. */
function assertShare({ from, to, calls, young }: Observed, weightAt: (time: number) => number, old: number): void {
  const due = (time: number): number => (calls * weightAt(time)) / (weightAt(time) + old);
  const [least, most] = [due(from - LATE_MILLISECONDS) - TURNS, due(to) + TURNS];
  assert.ok(young >= least && young <= most, `${young} of ${calls} calls are not between ${least.toFixed(1)} and ${most.toFixed(1)}`);
}

async function statuses(proxy: Polywire): Promise<EndpointStatus[]> {
  const clusters = JSON.parse(await proxy.get('/clusters?format=json')) as { endpoints: EndpointStatus[] }[];
  return clusters.flatMap(({ endpoints }) => endpoints);
}

/** Who answers for so long. */
async function observe(consumer: Consumer, milliseconds: number): Promise<Observed> {
  const from = Date.now();
  const { byProvider, failures, calls } = await consumer.load({ on: 'call', threads: 4, milliseconds, pause: 1 });
  assert.deepEqual(failures, {});
  return { from, to: Date.now(), calls, young: byProvider['young'] ?? 0 };
}

async function provider(owner: ReturnType<typeof suiteOwner>, name: string, port: number, registry?: string, warmup = '1') {
  const exports = [{ name, port, serialization: WIRE.serialization, parameters: { warmup } }];
  return Provider.start(owner, WIRE.module, { application: `peer-${name}`, exports, ...(registry && { registry }) });
}

describe('a provider of Dubbo that has just started', { skip: requireJava() }, () => {
  const WARMUP_MILLISECONDS = 20_000;
  const owner = suiteOwner();
  let proxy: Polywire;
  let consumer: Consumer;
  let young: string;
  let startedAt: number;

  before(async () => {
    const zookeeper = await ZooKeeper.start(owner);
    const registries = [{ type: 'zookeeper', address: zookeeper.address }];
    const port = await freePort();
    young = `127.0.0.1:${port}`;
    [proxy, consumer] = await Promise.all([
      Polywire.start(owner, { 'polywire.yaml': bootstrap({ registries, upstream: { balance: 'request' } }) }),
      Consumer.start(owner, WIRE.module),
      provider(owner, 'old', await freePort(), zookeeper.url),
    ]);
    await proxy.until('/registry', (page) => /call-service.*: 1 endpoint\b/.test(page));
    await consumer.refer(direct(WIRE, proxy.port, 'call', 'CallService'));
    await consumer.load({ on: 'call', threads: 4, calls: 500 });
    await provider(owner, 'young', port, zookeeper.url, String(WARMUP_MILLISECONDS));
    await proxy.until('/clusters', (page) => page.includes(`${young}::warming_up_until::`));
    const warming = (await statuses(proxy)).find(({ address }) => address === young)?.warming;
    startedAt = Date.parse(warming?.until ?? '') - WARMUP_MILLISECONDS;
  });

  test("takes what Dubbo's own consumers would give it, more and more", async () => {
    const formula = (time: number): number => {
      const weight = Math.trunc((time - startedAt) / (WARMUP_MILLISECONDS / 100));
      return Math.min(100, Math.max(1, weight));
    };
    const explained = proxy.explain('--protocol', 'dubbo', '--service', CALL_SERVICE, '--method', 'who');
    for (let slice = 0; slice < 3; slice++) assertShare(await observe(consumer, 2000), formula, 100);
    const until = new Date(startedAt + WARMUP_MILLISECONDS).toISOString();
    assert.match(await explained, new RegExp(`${young} weight 100, warming up: \\d+ until ${until}`));
  });

  test('takes half of the calls in the end', async () => {
    await proxy.until('/clusters', (page) => !page.includes('warming_up_until'), WARMUP_MILLISECONDS + 5000);
    assertShare(await observe(consumer, 1000), () => 1, 1);
  });
});

describe('an endpoint of a ServiceEntry that is new, with warmup in a DestinationRule', { skip: requireJava() }, () => {
  const WARMUP_MILLISECONDS = 8000;
  const owner = suiteOwner();
  let proxy: Polywire;
  let consumer: Consumer;
  let ports: readonly number[];

  before(async () => {
    ports = [await freePort(), await freePort()];
    const [old = 0, young = 0] = ports;
    const loadBalancer = { simple: 'ROUND_ROBIN', warmup: { duration: `${WARMUP_MILLISECONDS / 1000}s`, minimumPercent: 5 } };
    const rule = { kind: 'DestinationRule', name: 'calls', spec: { host: CALL_SERVICE, trafficPolicy: { loadBalancer } } };
    [proxy, consumer] = await Promise.all([
      Polywire.start(owner, {
        'polywire.yaml': bootstrap({ upstream: { balance: 'request' } }),
        'mesh/entries.yaml': entries([{ port: old }]),
        'mesh/rule.yaml': documents([rule]),
      }),
      Consumer.start(owner, WIRE.module),
      provider(owner, 'old', old),
      provider(owner, 'young', young),
    ]);
    await consumer.refer(direct(WIRE, proxy.port, 'call', 'CallService'));
    await consumer.load({ on: 'call', threads: 4, calls: 500 });
    await proxy.until('/clusters', (page) => !page.includes('warming_up_until'));
  });

  test("takes what Envoy's slow start would give it, from when it was first seen on", async () => {
    const [old = 0, young = 0] = ports;
    proxy.replace('mesh/entries.yaml', entries([{ port: old }, { port: young }]));
    await proxy.until('/clusters', (page) => page.includes(`127.0.0.1:${young}::warming_up_until::`));
    const [cold, ...others] = (await statuses(proxy)).filter(({ warming }) => warming !== undefined);
    assert.deepEqual(others, [], 'the one that was there before is warm');
    const since = Date.parse(cold?.warming?.until ?? '') - WARMUP_MILLISECONDS;
    assert.ok(Math.abs(Date.now() - since) < 5000);
    const formula = (time: number): number => Math.min(1, Math.max(0.05, (time - since) / WARMUP_MILLISECONDS));
    for (let slice = 0; slice < 2; slice++) assertShare(await observe(consumer, 1500), formula, 1);
    await proxy.until('/clusters', (page) => !page.includes('warming_up_until'));
    assertShare(await observe(consumer, 1000), () => 1, 1);
  });
});
