import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { istioFaults } from './support/istio-rules.ts';
import { RECORDED_APPLICATION, RECORDED_NODES } from './support/registry-kit.ts';
import { dumpEntries, javaUrlEncode, LAYOUTS } from './support/registry-layouts.ts';

const FLEET = 'com.acme.api.Fleet';
/** What Motan 1.2 and Curator wrote; the layouts' own tests read them in detail. */
const MOTAN_URL = 'motan2://192.0.2.2:28002/Rec$Hello?codec=motan-compatible&application=motan&version=1.0&group=motan-demo-rpc&';
const SPRING =
  '{"name":"orders","id":"1","address":"orders-7.acme.internal","port":8080,"sslPort":null,"payload":{"@class":"org.springframework.cloud.zookeeper.discovery.ZookeeperInstance","id":"orders-1","name":"orders","metadata":{"zone":"z1","instance_status":"UP"}},"registrationTimeUTC":1795303665949,"serviceType":"DYNAMIC"}';

type Entries = Parameters<typeof dumpEntries>[0];

/** Istio takes the dump of them all, and the text says nothing else than what was meant. */
function checkAccepted(entries: Entries): unknown[] {
  const resources = parseAllDocuments(dumpEntries(entries)).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS();
  });
  for (const resource of resources) assert.deepEqual(istioFaults(resource), [], JSON.stringify(resource));
  return resources;
}

describe('Istio takes what is dumped', () => {
  test('of recorded providers of every layout', async () => {
    const { sofa, ...dubbo } = RECORDED_NODES;
    const { instance, metadata } = RECORDED_APPLICATION;
    const counts = [
      checkAccepted(LAYOUTS.dubbo(FLEET, Object.values(dubbo))),
      checkAccepted(LAYOUTS.sofarpc(FLEET, [sofa])),
      checkAccepted(LAYOUTS.motan('motan-demo-rpc', 'com.acme.Hello', new Map([['192.0.2.2:28002', Buffer.from(MOTAN_URL)]]))),
      checkAccepted(LAYOUTS['spring-cloud']('orders', [SPRING])),
      checkAccepted(await LAYOUTS['dubbo-application']('app-one', [instance], metadata)),
    ].map((resources) => resources.length);
    assert.deepEqual(counts, [2, 1, 1, 1, 4]);
  });

  test('and the rules refuse what it would', () => {
    const good = checkAccepted(LAYOUTS.sofarpc(FLEET, [RECORDED_NODES.sofa]))[0] as { spec: Record<string, unknown> };
    const endpoint = { address: '10.0.0.1', ports: { bolt: 1 }, weight: 1 };
    const wrong: readonly [RegExp, object][] = [
      [/ValidateProtocol/, { ports: [{ name: 'bolt', number: 1, protocol: 'BOLT' }] }],
      [/ValidatePort: 0/, { ports: [{ name: 'bolt', number: 0, protocol: 'TCP' }] }],
      [/ValidatePortName/, { ports: [{ name: 'a_b', number: 1, protocol: 'TCP' }] }],
      [/valid FQDN/, { resolution: 'DNS', endpoints: [{ ...endpoint, address: '010.0.0.1' }] }],
      [/label is invalid/, { hosts: ['com.acme.Foo$Bar'] }],
      [/invalid host/, { hosts: ['*'] }],
      [/multiple hosts/, { hosts: ['a.b', 'c.d'] }],
      [/valid IP address/, { endpoints: [{ ...endpoint, address: 'pod.acme' }] }],
      [/not defined by/, { endpoints: [{ ...endpoint, ports: { other: 1 } }] }],
      [/invalid tag key/, { endpoints: [{ ...endpoint, labels: { 'a b': 'c' } }] }],
      [/invalid tag value/, { endpoints: [{ ...endpoint, labels: { a: 'x'.repeat(64) } }] }],
      [/weight/, { endpoints: [{ ...endpoint, weight: 0 }] }],
      [/DNS without endpoints/, { resolution: 'DNS', endpoints: [] }],
      [/schema/, { resolution: 'NOPE' }],
      [/already defined/, { ports: [1, 1].map((number) => ({ name: 'bolt', number, protocol: 'TCP' })) }],
    ];
    for (const [fault, change] of wrong) {
      assert.match(istioFaults({ ...good, spec: { ...good.spec, ...change } }).join('\n'), fault);
    }
  });

  test('with endpoints at host names, at IPv6 addresses, at both, and at names that are none to Istio', () => {
    const at = (...hosts: readonly string[]): unknown[] =>
      checkAccepted(
        LAYOUTS.dubbo(
          FLEET,
          hosts.map((host) => javaUrlEncode(`dubbo://${host}:20880/${FLEET}`)),
        ),
      ).map((resource) => {
        const { spec } = resource as { spec: { resolution: string; endpoints?: { address: string }[] } };
        return [spec.resolution, ...(spec.endpoints ?? []).map(({ address }) => address)];
      });
    assert.deepEqual(at('[2001:db8::1]', '::1'), [['STATIC', '2001:db8::1', '::1']]);
    assert.deepEqual(at('Pod-1.acme', '10.0.0.1'), [['DNS', '10.0.0.1', 'Pod-1.acme']]);
    assert.deepEqual(at('pod_1', '010.0.0.1'), [['STATIC']]);
    assert.deepEqual(at('pod_1', '10.0.0.1'), [['STATIC', '10.0.0.1']]);
  });

  test('of more endpoints and labels than a resource holds', () => {
    const labels = Array.from({ length: 300 }, (_, index) => `l${index}=x`).join('&');
    const names = Array.from({ length: 4_200 }, (_, index) =>
      javaUrlEncode(`dubbo://10.0.${index >> 8}.${index & 255}:20880/${FLEET}?${index === 0 ? labels : ''}`),
    );
    checkAccepted(LAYOUTS.dubbo(FLEET, names));
  });
});

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6().map((ip) => `[${ip}]`),
  fc.ipV6(),
  fc.domain(),
  fc.domain().map((name) => name.toUpperCase()),
  fc.constantFrom(
    'fe80::1%eth0',
    '[fe80::1%25eth0]',
    '010.0.0.1',
    '1.2.3',
    'a_b.c',
    '_x',
    'x.',
    '-a',
    'a-',
    '..',
    '',
    'ünï',
    'x'.repeat(64),
    '0',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const port = fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.constantFrom(0, 1, 65_535, 65_536));
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom('a', 'Z', '9', '-', '_', '.', '/'), maxLength: 80 }),
  fc.constantFrom('', 'true', '1e3', '~', 'x'.repeat(64), 'a/b', 'version', 'group', 'dubbo.tag', 'weight', '-1', '99999999', 'ключ'),
);
const parameters = fc.array(fc.tuple(word, word), { maxLength: 12 });
const service = fc.oneof(
  fc.constantFrom(FLEET, 'foo', 'com.acme.$X', 'COM.ACME.foo', `com.${'a'.repeat(70)}.Foo`),
  word.filter((text) => text !== ''),
);
const query = (pairs: readonly (readonly [string, string])[]): string => pairs.map(([key, value]) => `${key}=${value}`).join('&');
const urls = fc.array(fc.tuple(address, port, parameters), { minLength: 1, maxLength: 5 });
const OPTIONS = { numRuns: 300 };

describe('Istio takes what is dumped of providers that say anything', () => {
  test('of Dubbo', () => {
    fc.assert(
      fc.property(service, fc.constantFrom('dubbo', 'tri'), urls, (name, protocol, nodes) => {
        const names = nodes.map(([host, number, pairs]) => `${protocol}://${host}:${number}/${name}?interface=${name}&${query(pairs)}`);
        checkAccepted(LAYOUTS.dubbo(name, names.map(javaUrlEncode)));
      }),
      OPTIONS,
    );
  });

  test('of SOFARPC', () => {
    fc.assert(
      fc.property(service, urls, (name, nodes) => {
        const names = nodes.map(([host, number, pairs]) => `bolt://${host}:${number}?${query(pairs)}`);
        checkAccepted(LAYOUTS.sofarpc(name, names.map(javaUrlEncode)));
      }),
      OPTIONS,
    );
  });

  test('of Motan', () => {
    fc.assert(
      fc.property(service, service, urls, (group, name, nodes) => {
        const children = nodes.map(([host, number, pairs], index): [string, Buffer] => [
          index % 2 === 0 ? `${host}:${number}` : String(index),
          Buffer.from(index % 2 === 0 ? '' : `motan2://${host}:${number}/${name}?${query(pairs)}`),
        ]);
        checkAccepted(LAYOUTS.motan(group, name, new Map(children)));
      }),
      OPTIONS,
    );
  });

  test('of Spring Cloud', () => {
    fc.assert(
      fc.property(service, urls, fc.boolean(), (name, nodes, isSecure) => {
        const instances = nodes.map(([host, number, pairs]) => ({
          name,
          address: host,
          port: isSecure ? null : number,
          sslPort: isSecure ? number : null,
          payload: { metadata: Object.fromEntries(pairs) },
        }));
        checkAccepted(
          LAYOUTS['spring-cloud'](
            name,
            instances.map((instance) => JSON.stringify(instance)),
          ),
        );
      }),
      OPTIONS,
    );
  });

  test('of Dubbo applications', async () => {
    await fc.assert(
      fc.asyncProperty(service, address, port, parameters, async (name, host, number, pairs) => {
        const instance = JSON.parse(RECORDED_APPLICATION.instance);
        const metadata = JSON.parse(RECORDED_APPLICATION.metadata);
        for (const each of Object.values<{ name: string; params: object }>(metadata.services)) {
          each.name = name;
          each.params = { ...Object.fromEntries(pairs), ...each.params, interface: name };
        }
        const text = JSON.stringify({ ...instance, address: host, port: number });
        checkAccepted(await LAYOUTS['dubbo-application'](name, [text], JSON.stringify(metadata)));
      }),
      OPTIONS,
    );
  });
});
