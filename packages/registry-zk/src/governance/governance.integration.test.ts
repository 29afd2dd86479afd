import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestAdapter } from '../testing/adapter.ts';
import { createPath, javaUrlEncode, providerUrl, register } from '../testing/providers.ts';
import { kind, treeServer } from '../testing/tree-server.ts';
import { skipReason } from '../testing/zookeeper-server.ts';

const FLEET = 'com.acme.api.Fleet';
const HOST = 'com.acme.api.fleet.dubbo';
const CONFIG = '/dubbo/config/dubbo';
const SERVICE_NODE = `${CONFIG}/${FLEET}::.configurators`;
const APPLICATION_NODE = `${CONFIG}/fleet-provider.configurators`;
const OLD = `/dubbo/${FLEET}/configurators`;

function rule(key: string, weight: number, side = 'provider'): Buffer<ArrayBuffer> {
  const scope = key === FLEET ? 'service' : 'application';
  const text = `configVersion: v2.7\nscope: ${scope}\nkey: ${key}\nenabled: true\nconfigs:\n- side: ${side}\n  parameters: { weight: ${weight} }\n`;
  return Buffer.from(text);
}

function old(weight: number): string {
  return javaUrlEncode(`override://0.0.0.0/${FLEET}?category=configurators&dynamic=false&weight=${weight}`);
}

describe('rules of Dubbo on a real server', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
  const tree = treeServer();

  const provide = (): Promise<string> => register(tree.zk, FLEET, providerUrl(FLEET, 1));
  const weight = ({ entries }: TestAdapter): number | undefined => entries.get(HOST)?.endpoints[0]?.weight;

  /** The next weight that is delivered. */
  async function after(adapter: TestAdapter, act: () => Promise<unknown>): Promise<number | undefined> {
    const delivered = adapter.deliveries.next(kind('upsert', HOST));
    await act();
    await delivered;
    return weight(adapter);
  }

  test('what is there at the start is in force with the first delivery', async () => {
    await provide();
    await createPath(tree.zk, SERVICE_NODE, false, rule(FLEET, 7, 'consumer'));
    await createPath(tree.zk, `${OLD}/${old(3)}`);
    const adapter = await tree.synced({});
    const upserts = adapter.deliveries.all.flatMap((each) => (each.kind === 'upsert' ? each.entry.endpoints.map((one) => one.weight) : []));
    assert.deepEqual(upserts, [7]);
  });

  test('rules are followed as they are written, changed and removed, and say their node', async () => {
    await provide();
    const adapter = await tree.synced({});
    assert.equal(await after(adapter, () => createPath(tree.zk, SERVICE_NODE, false, rule(FLEET, 7))), 7);
    assert.equal(adapter.entries.get(HOST)?.endpoints[0]?.overrides?.[0]?.origin, SERVICE_NODE);
    assert.equal(await after(adapter, () => tree.zk.setData(SERVICE_NODE, rule(FLEET, 8))), 8);
    assert.equal(await after(adapter, () => tree.zk.delete(SERVICE_NODE)), 100);
    assert.equal(await after(adapter, () => createPath(tree.zk, `${OLD}/${old(5)}`)), 5);
    assert.equal(await after(adapter, () => tree.zk.delete(`${OLD}/${old(5)}`)), 100);
  });

  test('the same with one watch for each node', async () => {
    tree.relay.oldServer = true;
    await provide();
    const adapter = await tree.synced({});
    assert.equal(await after(adapter, () => createPath(tree.zk, SERVICE_NODE, false, rule(FLEET, 7))), 7);
    assert.equal(await after(adapter, () => tree.zk.setData(SERVICE_NODE, rule(FLEET, 8))), 8);
    assert.equal(await after(adapter, () => createPath(tree.zk, `${OLD}/${old(5)}`)), 5);
  });

  test('a rule that may not be read stays in force, others change all the same, and it is read when it may be', async () => {
    await provide();
    await createPath(tree.owner, SERVICE_NODE, false, rule(FLEET, 7));
    const adapter = await tree.synced({ resync: '200ms' });
    await tree.owner.setAcl(SERVICE_NODE, 'creator');
    await tree.owner.setData(SERVICE_NODE, rule(FLEET, 8));
    while (!adapter.log.some((line) => line.startsWith(`warn: not allowed to read ${CONFIG}`)))
      await adapter.deliveries.next(kind('synced'));
    assert.equal(weight(adapter), 7);
    const labelled = Buffer.from(rule('fleet-provider', 9).toString().replace('weight: 9', 'weight: 9, region: east'));
    assert.equal(await after(adapter, () => createPath(tree.zk, APPLICATION_NODE, false, labelled)), 7);
    assert.equal(adapter.entries.get(HOST)?.endpoints[0]?.labels.get('region'), 'east');
    assert.equal(await after(adapter, () => tree.owner.setAcl(SERVICE_NODE, 'open')), 8);
  });

  test('a list that may not be read keeps what was in force, from the services it belongs to nothing is kept', async () => {
    await provide();
    await createPath(tree.owner, `${OLD}/${old(5)}`);
    const adapter = await tree.synced({});
    await tree.owner.setAcl(OLD, 'creator');
    await tree.owner.delete(`${OLD}/${old(5)}`);
    const added = adapter.deliveries.next(kind('upsert', HOST));
    await register(tree.zk, FLEET, providerUrl(FLEET, 2));
    await added;
    assert.deepEqual(
      adapter.entries.get(HOST)?.endpoints.map((each) => each.weight),
      [5, 5],
    );
    assert.equal(await after(adapter, () => tree.owner.setAcl(OLD, 'open')), 100);
    assert.equal(
      adapter.deliveries.all.some((each) => each.kind === 'hold'),
      false,
    );
  });

  test('a lost connection keeps the rules, and what changed meanwhile takes effect', async () => {
    await provide();
    await createPath(tree.zk, SERVICE_NODE, false, rule(FLEET, 7));
    const adapter = await tree.synced({});
    const before = adapter.deliveries.all.length;
    const stale = adapter.deliveries.next(kind('stale'));
    const resynced = adapter.deliveries.next(kind('synced'));
    tree.relay.breakAll();
    await stale;
    assert.equal(weight(adapter), 7);
    await tree.zk.setData(SERVICE_NODE, rule(FLEET, 8));
    await resynced;
    if (weight(adapter) !== 8) await adapter.deliveries.next(kind('upsert', HOST));
    const told = adapter.deliveries.all.slice(before).map((each) => each.kind);
    assert.equal(told.filter((each) => each === 'upsert').length, 1);
    assert.equal(weight(adapter), 8);
  });

  test('governance: false reads none', async () => {
    await provide();
    await createPath(tree.zk, SERVICE_NODE, false, rule(FLEET, 7));
    const adapter = await tree.synced({ governance: false });
    assert.equal(weight(adapter), 100);
  });
});
