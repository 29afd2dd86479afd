import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseNodeUrl } from '../node-url.ts';
import { character } from '../testing/character.ts';
import { javaUrlEncode, providerUrl } from '../testing/providers.ts';
import { RECORDED_NODES } from '../testing/recorded-nodes.ts';
import { type LiveProvider, type Provider, readProvider } from './provider.ts';

const FLEET = 'com.acme.api.Fleet';

function read(url: string, interfaceName = FLEET): Provider {
  return readProvider(javaUrlEncode(url), interfaceName, '/x');
}

function live(provider: Provider): LiveProvider {
  if (provider.kind !== 'provider') throw new Error(`${provider.kind}: ${provider.reason}`);
  return provider;
}

describe('nodes of real providers', () => {
  test('Dubbo 2.6', () => {
    const { identity, endpoint, timestamp } = live(readProvider(RECORDED_NODES.dubbo26, FLEET, '/path'));
    assert.deepEqual(identity, { name: FLEET, group: 'g', version: '1.0' });
    const { labels, metadata, ...rest } = endpoint;
    assert.deepEqual(rest, { address: '127.0.0.1', port: 21126, weight: 100, origin: '/path' });
    assert.deepEqual(Object.fromEntries(labels), { application: 'fleet-provider', dubbo: '2.0.2', group: 'g', version: '1.0' });
    assert.deepEqual(
      [...metadata.keys()],
      ['anyhost', 'generic', 'interface', 'logger', 'methods', 'pid', 'revision', 'side', 'threads', 'timestamp'],
    );
    assert.equal(metadata.get('methods')?.startsWith('date,boxedDouble,'), true);
    assert.equal(timestamp, 0);
  });

  test('Dubbo 2.7 with tag and weight', () => {
    const { endpoint } = live(readProvider(RECORDED_NODES.dubbo27, FLEET, '/path'));
    assert.equal(endpoint.weight, 200);
    assert.deepEqual(Object.fromEntries(endpoint.labels), {
      application: 'fleet-provider',
      dubbo: '2.0.2',
      'dubbo.tag': 'gray',
      group: 'g',
      release: '2.7.23',
      version: '1.0',
    });
    assert.equal(endpoint.metadata.get('service.name'), 'ServiceBean:g/com.acme.api.Fleet:1.0');
  });

  test('Dubbo 3.3', () => {
    for (const node of [RECORDED_NODES['dubbo3-interface'], RECORDED_NODES['dubbo3-all']]) {
      const { endpoint } = live(readProvider(node, FLEET, '/path'));
      assert.equal(endpoint.labels.get('release'), '3.3.6');
      assert.equal(endpoint.metadata.get('prefer.serialization'), 'hessian2,fastjson2');
    }
  });

  test('Triple', () => {
    const { protocol, identity, endpoint } = live(readProvider(RECORDED_NODES['dubbo3-all-tri'], FLEET, '/x'));
    assert.deepEqual([protocol, identity.group, endpoint.port], ['tri', 'g', 21_128]);
    assert.deepEqual(read(`rest://127.0.0.1:8080/${FLEET}`), { kind: 'ignored', reason: 'protocol rest' });
  });
});

test('node names are decoded once, and + is a space', () => {
  const values = { plain: 'a b', plus: 'a+b', percent: '%2C', equals: 'a=b', unicode: '中文', star: '*' };
  const url = parseNodeUrl(javaUrlEncode(providerUrl(FLEET, 1, values)));
  for (const [key, value] of Object.entries(values)) assert.equal(url.parameters.get(key), value);
});

test('IPv6 hosts with and without brackets, host names, credentials', () => {
  const at = (authority: string): string => {
    const { host, port } = parseNodeUrl(javaUrlEncode(`dubbo://${authority}/${FLEET}`));
    return `${host} ${port}`;
  };
  assert.equal(at('[2001:db8::1]:20880'), '2001:db8::1 20880');
  assert.equal(at('2001:db8:0:0:0:0:0:1:20880'), '2001:db8:0:0:0:0:0:1 20880');
  assert.equal(at('fe80::1%eth0:20880'), 'fe80::1%eth0 20880');
  assert.equal(at('user:p@ss@pod_1.acme:20880'), 'pod_1.acme 20880');
});

test('what is no provider says why', () => {
  const reason = (nodeName: string): string | undefined => {
    const provider = readProvider(nodeName, FLEET, '/x');
    return provider.kind === 'unreadable' ? provider.reason : undefined;
  };
  assert.equal(reason('%E4%B8'), 'not URL-encoded UTF-8');
  assert.equal(reason('10.0.0.1:20880'), 'not protocol://host:port/path');
  for (const authority of ['10.0.0.1', '10.0.0.1:0', '10.0.0.1:65536', '10.0.0.1:x', '']) {
    assert.equal(reason(javaUrlEncode(`dubbo://${authority}/${FLEET}`)), 'no port in 1..65535', authority);
  }
  for (const host of ['a b', '', '-a', '[::1', 'a..b', 'a\nb', `${'a'.repeat(64)}.b`]) {
    assert.equal(reason(javaUrlEncode(`dubbo://${host}:1/${FLEET}`)), 'neither an IP address nor a host name', host);
  }
  assert.equal(reason(javaUrlEncode('dubbo://h:1/com.acme.Other')), 'it is of interface com.acme.Other');
});

test('providers out of service are ignored', () => {
  assert.deepEqual(read(providerUrl(FLEET, 1, { enabled: 'false' })), { kind: 'ignored', reason: 'enabled=false' });
  assert.deepEqual(read(providerUrl(FLEET, 1, { disabled: 'true' })), { kind: 'ignored', reason: 'disabled=true' });
  assert.equal(read(providerUrl(FLEET, 1, { enabled: 'true', disabled: 'false' })).kind, 'provider');
});

test('the interface is the parameter, and a path of its own is kept', () => {
  const { identity, endpoint } = live(read(`dubbo://h:1/ctx/users?interface=${FLEET}`));
  assert.equal(identity.name, FLEET);
  assert.equal(endpoint.metadata.get('path'), 'ctx/users');
  assert.equal(live(read(`dubbo://h:1/${FLEET}`)).endpoint.metadata.has('path'), false);
});

test('no group or version, and version 0.0.0, are absent', () => {
  for (const query of ['', '?group=&version=', '?version=0.0.0']) {
    assert.deepEqual(live(read(`dubbo://h:1/${FLEET}${query}`)).identity, { name: FLEET, group: undefined, version: undefined });
  }
});

test('weights', () => {
  const weight = (parameters: Record<string, string>): number => live(read(providerUrl(FLEET, 1, parameters))).endpoint.weight;
  assert.equal(weight({}), 100);
  assert.equal(weight({ weight: '0' }), 0);
  assert.equal(weight({ weight: '-5' }), 0);
  assert.equal(weight({ weight: 'heavy' }), 100);
  assert.equal(weight({ 'default.weight': '7' }), 7);
  assert.equal(weight({ 'default.weight': '7', weight: '8' }), 8);
});

test('timeouts reach the metadata, the provider-wide one of 2.6 under its plain name', () => {
  const { metadata } = live(read(providerUrl(FLEET, 1, { 'default.timeout': '3000', 'echo.timeout': '50', 'echo.retries': '1' }))).endpoint;
  assert.equal(metadata.get('timeout'), '3000');
  assert.equal(metadata.get('echo.timeout'), '50');
  assert.equal(metadata.get('echo.retries'), '1');
});

test("the owner's own parameters are labels when their syntax allows it, and are never lost", () => {
  const parameters = {
    env: 'gray',
    'acme.io/zone': 'z1',
    long: 'x'.repeat(64),
    list: 'a,b',
    '-bad': 'v',
    _x: 'v',
    trailing: 'a-',
    none: '',
  };
  const { labels, metadata } = live(read(providerUrl(FLEET, 1, parameters))).endpoint;
  assert.deepEqual(
    ['env', 'acme.io/zone', 'none'].map((key) => labels.get(key)),
    ['gray', 'z1', ''],
  );
  for (const key of ['long', 'list', '-bad', '_x', 'trailing'] as const) {
    assert.equal(labels.has(key), false, key);
    assert.equal(metadata.get(key), parameters[key], key);
  }
});

test('every parameter is a label or metadata, in the order of its key', () => {
  const parameters = fc.dictionary(fc.string({ minLength: 1 }), fc.string());
  fc.assert(
    fc.property(parameters, (extra) => {
      const url = parseNodeUrl(javaUrlEncode(providerUrl(FLEET, 1, extra)));
      const { labels, metadata } = live(read(providerUrl(FLEET, 1, extra))).endpoint;
      for (const [key, value] of url.parameters) assert.equal(labels.get(key) ?? metadata.get(key), value);
      assert.equal(labels.size + metadata.size, url.parameters.size);
      for (const map of [labels, metadata]) assert.deepEqual([...map.keys()], [...map.keys()].sort());
    }),
  );
});

test('every label is legal to Kubernetes', () => {
  const word = fc.stringMatching(/^[-A-Za-z0-9_./,]{0,70}$/);
  fc.assert(
    fc.property(fc.dictionary(word, word), (extra) => {
      for (const [key, value] of live(read(providerUrl(FLEET, 1, extra))).endpoint.labels) {
        const [name = '', prefix, ...more] = key.split('/').reverse();
        assert.deepEqual(more, [], key);
        assert.ok(
          prefix === undefined || (prefix.length <= 253 && prefix.split('.').every((part) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(part))),
          key,
        );
        assert.ok(name.length <= 63 && /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(name), key);
        assert.ok(value.length <= 63 && /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(value), value);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('no node name makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: character }), (name) => void readProvider(name, FLEET, '/x')));
  fc.assert(fc.property(fc.string(), (tail) => void readProvider(javaUrlEncode(`dubbo://${tail}`), FLEET, '/x')));
});
