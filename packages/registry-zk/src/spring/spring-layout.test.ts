import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestLeaf } from '../testing/leaf.ts';
import { RECORDED_APPLICATION } from '../testing/recorded-application.ts';
import { SpringLayout } from './spring-layout.ts';

/** What curator-x-discovery 5.7.1 wrote with the payload of Spring Cloud ZooKeeper 4.1.3. */
const RECORDED =
  '{"name":"orders","id":"2c6e4a52-0d59-4a4b-9a1e-6d2f5e8b7c11","address":"orders-7.acme.internal","port":8080,"sslPort":null,"payload":{"@class":"org.springframework.cloud.zookeeper.discovery.ZookeeperInstance","id":"orders-1","name":"orders","metadata":{"zone":"z1","instance_status":"UP"}},"registrationTimeUTC":1795303665949,"serviceType":"DYNAMIC","uriSpec":{"parts":[{"value":"scheme","variable":true},{"value":"://","variable":false},{"value":"address","variable":true},{"value":":","variable":false},{"value":"port","variable":true}]}}';

function leaf(name = 'orders'): { orders: TestLeaf; log: string[] } {
  const log: string[] = [];
  return { orders: new TestLeaf(new SpringLayout('/services', (level, message) => log.push(`${level}: ${message}`)), [name]), log };
}

function children(...texts: readonly string[]): Map<string, Buffer> {
  return new Map(texts.map((text, index) => [String(index), Buffer.from(text)]));
}

test('an instance of Spring Cloud, at a host name', () => {
  const { orders } = leaf();
  const [entry, ...others] = orders.update(children(RECORDED));
  assert.deepEqual(others, []);
  assert.deepEqual(
    [entry?.host, entry?.identity, entry?.protocol, entry?.ports, entry?.resolution],
    [
      'orders.spring-cloud',
      { name: 'orders', group: undefined, version: undefined },
      'http',
      [{ name: 'http', number: 80, protocol: 'TCP' }],
      'DNS',
    ],
  );
  const [endpoint] = entry?.endpoints ?? [];
  assert.deepEqual(
    [endpoint?.address, endpoint?.port, Object.fromEntries(endpoint?.labels ?? [])],
    ['orders-7.acme.internal', 8080, { zone: 'z1' }],
  );
});

test('an instance with a TLS port is an endpoint of a service of its own', () => {
  const { orders } = leaf();
  const [entry] = orders.update(children(RECORDED.replace('"sslPort":null', '"sslPort":8443')));
  assert.deepEqual([entry?.host, entry?.ports[0]?.name, entry?.endpoints[0]?.port], ['orders.spring-cloud-tls', 'https', 8443]);
});

test('only what is up gets calls, and what is no instance of Spring Cloud none', () => {
  const { orders, log } = leaf();
  orders.update(
    children(
      RECORDED.replace('"UP"', '"OUT_OF_SERVICE"'),
      RECORDED_APPLICATION.instance,
      '{"address":"10.0.0.1","port":1,"payload":null}',
      '{"address":"10.0.0.2","port":2}',
      '{"address":"10.0.0.3"}',
      '{"address":"10.0.0.4","port":4,"enabled":false}',
      'junk',
      '{"address":"10.0.0.5\\u001b[2J","port":5}',
    ),
  );
  assert.deepEqual(
    orders.entries.get('orders.spring-cloud')?.endpoints.map(({ address }) => address),
    ['10.0.0.1', '10.0.0.2'],
  );
  assert.deepEqual(
    log.map((line) => line.replace(' provider of orders', '')),
    [
      'debug: ignored: instance_status=OUT_OF_SERVICE',
      'debug: ignored: it is an instance of a Dubbo application',
      'warn: unreadable: no port in 1..65535',
      'debug: ignored: enabled=false',
      ...Array(2).fill('debug: ignored: no instance in JSON with an address'),
    ],
  );
});

test('names that are no DNS labels carry a hash', () => {
  const hosts = ['orders', 'Orders', 'ORDERS', 'orders_v1', 'a.b', '0x1', 'x'.repeat(64)].map((name) => {
    const { orders } = leaf(name);
    return orders.update(children(RECORDED))[0]?.host ?? '';
  });
  assert.equal(new Set(hosts).size, hosts.length);
  for (const host of hosts) assert.match(host, /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+spring-cloud$/);
});
