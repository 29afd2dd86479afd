import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServiceEntry as IstioModel } from '@kubernetes-models/istio/networking.istio.io/v1beta1/ServiceEntry';
import { parse, parseAllDocuments } from 'yaml';
import type { Endpoint } from '../cluster/endpoint.ts';
import { dumpEntries, type IstioServiceEntry, istioText, leftOut, toIstio } from './istio.ts';
import type { ServiceEntry } from './registry.ts';

function endpoint(port: number, change: Partial<Endpoint> = {}): Endpoint {
  return {
    address: '10.0.0.1',
    port,
    weight: 100,
    labels: new Map([
      ['version', '1.0'],
      ['application', 'users'],
      ['dubbo.tag', 'gray'],
    ]),
    metadata: new Map([['timestamp', String(Math.random())]]),
    origin: '/dubbo/x',
    ...change,
  };
}

function entry(host: string, change: Partial<ServiceEntry> = {}): ServiceEntry {
  return {
    host,
    aliases: [],
    identity: { name: 'com.acme.Users', group: undefined, version: undefined },
    protocol: 'dubbo',
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [{ name: 'dubbo', number: 20880, protocol: 'TCP' }],
    endpoints: [endpoint(20881), endpoint(20880)],
    annotations: new Map([['polywire.io/service', 'com.acme.Users']]),
    origin: '/dubbo/x',
    ...change,
  };
}

/** What Kubernetes checks by Istio's schema, and what Istio's own validation adds (ValidateServiceEntry). */
function checkAccepted(resource: IstioServiceEntry): void {
  new IstioModel(structuredClone(resource)).validate();
  const { ports, endpoints = [] } = resource.spec;
  assert.match(resource.metadata.name, /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
  assert.equal(new Set(ports.map(({ name }) => name)).size, ports.length);
  assert.equal(new Set(ports.map(({ number }) => number)).size, ports.length);
  const names = new Set(ports.map(({ name }) => name));
  for (const each of endpoints) for (const name of Object.keys(each.ports)) assert.ok(names.has(name), name);
}

describe('service entries as Istio reads them', () => {
  test('a service with endpoints', () => {
    const resource = toIstio(entry('com.acme.users.dubbo'));
    checkAccepted(resource);
    const labels = { application: 'users', 'dubbo.tag': 'gray', version: '1.0' };
    assert.deepEqual(resource, {
      apiVersion: 'networking.istio.io/v1beta1',
      kind: 'ServiceEntry',
      metadata: { name: 'com.acme.users.dubbo', annotations: { 'polywire.io/service': 'com.acme.Users' } },
      spec: {
        hosts: ['com.acme.users.dubbo'],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ name: 'dubbo', number: 20880, protocol: 'TCP' }],
        endpoints: [
          { address: '10.0.0.1', ports: { dubbo: 20880 }, labels, weight: 100 },
          { address: '10.0.0.1', ports: { dubbo: 20881 }, labels, weight: 100 },
        ],
      },
    });
  });

  test('the model does refuse what is wrong', () => {
    const resource = toIstio(entry('a.dubbo'));
    const wrong = { ...resource, spec: { ...resource.spec, resolution: 'NOPE' } };
    assert.throws(() => new IstioModel(JSON.parse(JSON.stringify(wrong))).validate());
  });

  test('an empty service, one without ports or annotations, IPv6 and host names', () => {
    checkAccepted(toIstio(entry('a.dubbo', { endpoints: [] })));
    const bare = toIstio(
      entry('a.dubbo', { annotations: new Map(), endpoints: [endpoint(1, { address: '2001:db8::1', labels: new Map() })] }),
    );
    checkAccepted(bare);
    assert.equal('annotations' in bare.metadata, false);
    assert.deepEqual(bare.spec.endpoints, [{ address: '2001:db8::1', ports: { dubbo: 1 }, weight: 100 }]);
    checkAccepted(toIstio(entry('a.dubbo', { resolution: 'DNS', endpoints: [endpoint(1, { address: 'pod.acme' })] })));
    assert.equal(toIstio(entry('a.dubbo', { ports: [] })).spec.endpoints, undefined);
  });

  test('an endpoint of weight 0, which Istio would read as 1, is left out', () => {
    const { spec } = toIstio(entry('a.dubbo', { endpoints: [endpoint(1, { weight: 0 }), endpoint(2, { weight: 0.4 })] }));
    assert.deepEqual(
      spec.endpoints?.map(({ ports, weight }) => [ports['dubbo'], weight]),
      [[2, 1]],
    );
  });

  test('what Istio would refuse is left out and named, and a service that loses all its names is not looked up by its own', () => {
    const bad = entry('a.dubbo', {
      resolution: 'DNS',
      endpoints: [endpoint(1, { address: 'pod_1' }), endpoint(2, { address: '010.0.0.1' })],
    });
    const { spec } = toIstio(bad);
    assert.deepEqual([spec.endpoints, spec.resolution], [undefined, 'STATIC']);
    assert.deepEqual(
      leftOut(bad).map((reason) => reason.split(': ')[0]),
      ['pod_1:1', '010.0.0.1:2'],
    );
    const many = entry('a.dubbo', { endpoints: Array.from({ length: 5000 }, (_, index) => endpoint(index + 1)) });
    assert.equal(toIstio(many).spec.endpoints?.length, 4096);
    assert.deepEqual(leftOut(many), ['904 endpoints: a resource has at most 4096']);
    assert.deepEqual(leftOut(entry('a.dubbo', { endpoints: [endpoint(1, { weight: 0 })] })), []);
  });

  test('a protocol that Istio does not know is the first word of the port', () => {
    const port = (name: string, protocol: string) => toIstio(entry('a.dubbo', { ports: [{ name, number: 1, protocol }] })).spec.ports;
    assert.deepEqual(port('main', 'DUBBO'), [{ name: 'dubbo-main', number: 1, protocol: 'TCP' }]);
    assert.deepEqual(port('dubbo-x', 'Dubbo'), [{ name: 'dubbo-x', number: 1, protocol: 'TCP' }]);
    assert.deepEqual(port('main', 'HTTP2'), [{ name: 'main', number: 1, protocol: 'HTTP2' }]);
    checkAccepted(toIstio(entry('a.dubbo', { ports: [{ name: 'main', number: 1, protocol: 'DUBBO' }] })));
  });

  test('one host alone, since Istio cannot tell several apart, and no endpoints where it wants none', () => {
    assert.deepEqual(toIstio(entry('a.dubbo', { aliases: ['b.dubbo'] })).spec.hosts, ['a.dubbo']);
    assert.equal(toIstio(entry('a.dubbo', { resolution: 'NONE' })).spec.endpoints, undefined);
  });

  test('ports that share a name or number are said once', () => {
    const ports = [
      { name: 'dubbo', number: 1, protocol: 'TCP' },
      { name: 'dubbo', number: 2, protocol: 'TCP' },
      { name: 'dubbo-x', number: 1, protocol: 'TCP' },
      { name: 'dubbo-y', number: 3, protocol: 'TCP' },
    ];
    const resource = toIstio(entry('a.dubbo', { ports }));
    checkAccepted(resource);
    assert.deepEqual(
      resource.spec.ports.map(({ name }) => name),
      ['dubbo', 'dubbo-y'],
    );
  });

  test('a wildcard host and a service key give legal names', () => {
    for (const host of ['*.acme.com', 'gray/com.acme.Users:1.0']) checkAccepted(toIstio(entry(host)));
  });
});

describe('a dump', () => {
  test('is the same text for the same state, whatever the order and the metadata', () => {
    const once = dumpEntries([entry('b.dubbo'), entry('a.dubbo', { endpoints: [endpoint(1), endpoint(2)] })]);
    const again = dumpEntries([entry('a.dubbo', { endpoints: [endpoint(2), endpoint(1)] }), entry('b.dubbo')]);
    assert.equal(once, again);
    assert.deepEqual(
      parseAllDocuments(once).map((document) => document.toJS().metadata.name),
      ['a.dubbo', 'b.dubbo'],
    );
  });

  test('keeps text that looks like numbers or words of YAML', () => {
    const labels = new Map([
      ['a', '1.0'],
      ['b', 'true'],
      ['c', '2e3'],
      ['d', ''],
    ]);
    const text = dumpEntries([entry('a.dubbo', { endpoints: [endpoint(1, { labels })] })]);
    assert.deepEqual(parseAllDocuments(text)[0]?.toJS().spec.endpoints[0].labels, Object.fromEntries(labels));
  });

  test('of nothing is nothing', () => {
    assert.equal(dumpEntries([]), '');
  });

  test('what is a text stays one for readers of YAML 1.1, as kubectl is', () => {
    const values = ['yes', 'no', 'on', 'off', 'y', 'N', 'true', 'null', '1e3', '0o17', '017', '0x1f', '1_000', '2020-01-01', '1.0'];
    const labels = new Map(values.map((value, index) => [`l${index}`, value]));
    const text = istioText(entry('a', { endpoints: [endpoint(1, { labels })] }));
    for (const version of ['1.1', '1.2'] as const) {
      assert.deepEqual(parse(text, { version }).spec.endpoints[0].labels, Object.fromEntries(labels));
    }
  });
});
