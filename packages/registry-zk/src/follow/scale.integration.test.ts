import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { OP_ADD_WATCH, OP_EXISTS, OP_GET_CHILDREN_2, OP_GET_DATA } from '../client/records.ts';
import { hostName } from '../host-name.ts';
import { type TestAdapter, testAdapter } from '../testing/adapter.ts';
import { testClient } from '../testing/client.ts';
import { javaUrlEncode, providerUrl } from '../testing/providers.ts';
import { Relay } from '../testing/relay.ts';
import { kind } from '../testing/tree-server.ts';
import { skipReason, ZooKeeperServer } from '../testing/zookeeper-server.ts';

const SERVICES = 2_000;
/** Services that are written at a time. */
const AT_ONCE = 50;
const EMPTY = Buffer.alloc(0);

const nameOf = (index: number): string => `com.acme.Orders${index}`;
const hostOf = (index: number): string => hostName({ name: nameOf(index), group: undefined, version: undefined }, 'dubbo');
const nodeOf = (index: number, port: number): string =>
  `/dubbo/${nameOf(index)}/providers/${javaUrlEncode(providerUrl(nameOf(index), port))}`;

describe('a registry of 2,000 interfaces', { skip: skipReason() }, () => {
  const parts: { server?: ZooKeeperServer; relay?: Relay; adapter?: TestAdapter } = {};
  const opened: (() => Promise<unknown>)[] = [];
  let asked = 0;

  /** What was asked of the server since the last call: reads and watches. */
  const reads = (): { lists: number; others: number; watches: number } => {
    const all = parts.relay?.requests.all ?? [];
    const news = all.slice(asked);
    asked = all.length;
    const count = (op: number): number => news.filter((each) => each === op).length;
    return { lists: count(OP_GET_CHILDREN_2), others: count(OP_GET_DATA) + count(OP_EXISTS), watches: count(OP_ADD_WATCH) };
  };

  const adapter = (): TestAdapter => {
    assert.ok(parts.adapter !== undefined);
    return parts.adapter;
  };

  const writer = (() => {
    let client: ReturnType<typeof testClient>['client'] | undefined;
    return () => {
      assert.ok(parts.server !== undefined);
      client ??= testClient(parts.server.address, { sessionTimeoutMs: 20_000 }).client;
      return client;
    };
  })();

  before(async () => {
    parts.server = await ZooKeeperServer.start();
    parts.relay = await Relay.start(parts.server.port);
    await writer().create('/dubbo', EMPTY);
    for (let from = 0; from < SERVICES; from += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, at) => from + at);
      // In the order of one connection.
      await Promise.all(
        batch.flatMap((index) => [
          writer().create(`/dubbo/${nameOf(index)}`, EMPTY),
          writer().create(`/dubbo/${nameOf(index)}/providers`, EMPTY),
          writer().create(nodeOf(index, 1), EMPTY),
        ]),
      );
    }
    opened.push(() => writer().close());
    parts.adapter = await testAdapter(parts.relay.address, { layouts: ['dubbo'], governance: false, sessionTimeout: '20s' });
    opened.unshift(() => adapter().adapter.stop());
    await adapter().deliveries.next(kind('synced'));
  });

  after(async () => {
    for (const close of opened) await close();
    await parts.relay?.stop();
    await parts.server?.dispose();
  });

  test('the first sync reads each list once, under one watch', () => {
    assert.deepEqual(reads(), { lists: SERVICES + 1, others: 0, watches: 1 });
    assert.equal(adapter().entries.size, SERVICES);
  });

  test('a reconnect reads each list once and delivers what changed, nothing else', async () => {
    const { deliveries, entries } = adapter();
    reads();
    const stale = deliveries.next(kind('stale'));
    if (parts.relay !== undefined) parts.relay.partitioned = true;
    parts.relay?.breakAll();
    await stale;
    await writer().create(nodeOf(7, 2), EMPTY);
    if (parts.relay !== undefined) parts.relay.partitioned = false;
    parts.relay?.breakAll();
    const delivered = deliveries.all.length;
    await deliveries.next(kind('synced'));
    assert.deepEqual(reads(), { lists: SERVICES + 1, others: 0, watches: 1 });
    const upserts = deliveries.all.slice(delivered).filter(kind('upsert'));
    assert.deepEqual(
      upserts.map((each) => 'host' in each && each.host),
      [hostOf(7)],
    );
    assert.equal(entries.get(hostOf(7))?.endpoints.length, 2);
  });

  test('a provider that restarts again and again costs reads of its own interface, and delays no other', async () => {
    const { deliveries } = adapter();
    reads();
    const delivered = deliveries.all.length;
    let flaps = 0;
    let other: Promise<unknown> | undefined;
    const flapping = (): number => deliveries.all.slice(delivered).filter(kind('upsert', hostOf(0))).length;
    // It never rests, so that a wait for rest would never end.
    while (flapping() < 6 || other === undefined) {
      await writer().delete(nodeOf(0, 1));
      await writer().create(nodeOf(0, 1), EMPTY);
      flaps++;
      if (flapping() < 3 || other !== undefined) continue;
      other = deliveries.next(kind('upsert', hostOf(1)));
      await writer().create(nodeOf(1, 2), EMPTY);
    }
    await other;
    const { lists, others, watches } = reads();
    assert.deepEqual({ others, watches }, { others: 0, watches: 0 });
    assert.ok(lists <= 2 * flaps + 2, `${lists} lists were read for ${flaps} restarts`);
    const hosts = new Set(deliveries.all.slice(delivered).map((each) => 'host' in each && each.host));
    assert.deepEqual(hosts, new Set([hostOf(0), hostOf(1)]));
  });
});
