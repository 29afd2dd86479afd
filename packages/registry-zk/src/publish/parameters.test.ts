import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedService } from '@polywire/core/spi';
import { readProvider } from '../dubbo/provider.ts';
import { dubboService } from '../dubbo/service.ts';
import { parseNodeUrl } from '../node-url.ts';
import { javaUrlEncode, providerUrl } from '../testing/providers.ts';
import { publishedService } from '../testing/published.ts';
import { RECORDED_NODES } from '../testing/recorded-nodes.ts';
import { consumerView, withOwn } from './parameters.ts';
import { providerNode, schemeOf } from './provider-url.ts';

const FLEET = 'com.acme.api.Fleet';
const OWN = { application: 'polywire', instance: 'here', timestamp: 7, tls: false };

/** As the registry announces these providers of one service. */
function service(...nodes: readonly string[]): PublishedService {
  const found = nodes.map((node) => {
    const provider = readProvider(node, FLEET, '/path');
    if (provider.kind !== 'provider') throw new Error(provider.reason);
    return provider;
  });
  const [first] = found;
  if (first === undefined) throw new Error('no provider');
  return publishedService(
    dubboService(first.identity, first.protocol),
    found.map(({ endpoint }) => endpoint),
  );
}

function view(...parameters: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const nodes = parameters.map((each, index) => javaUrlEncode(providerUrl(FLEET, 20_880 + index, each)));
  return Object.fromEntries(consumerView(service(...nodes)).parameters);
}

test('a provider of each generation is published as one that consumers of its generation know', () => {
  const node = (name: keyof typeof RECORDED_NODES): string => {
    const published = service(RECORDED_NODES[name]);
    const own = consumerView(published);
    return providerNode(schemeOf(published) ?? '', { host: '10.0.0.9', port: 1 }, { ...own, parameters: withOwn(own.parameters, OWN) });
  };
  for (const name of ['dubbo26', 'dubbo27', 'dubbo3-interface', 'dubbo3-all', 'dubbo3-all-tri'] as const) {
    const [before, after] = [parseNodeUrl(RECORDED_NODES[name]), parseNodeUrl(node(name))];
    assert.deepEqual([after.protocol, after.host, after.port, after.path], [before.protocol, '10.0.0.9', 1, before.path]);
    for (const key of ['interface', 'group', 'version', 'generic', 'dubbo', 'release', 'revision', 'prefer.serialization'] as const) {
      assert.equal(after.parameters.get(key), before.parameters.get(key), `${name} ${key}`);
    }
    const methods = (url: typeof before): string[] | undefined => url.parameters.get('methods')?.split(',').sort();
    assert.deepEqual(methods(after), methods(before));
    const its = ['application', 'polywire', 'timestamp', 'side', 'warmup', 'dubbo.tag', 'weight', 'pid', 'threads', 'service.name'];
    assert.deepEqual(
      its.map((key) => after.parameters.get(key)),
      ['polywire', 'here', '7', 'provider', '0', undefined, undefined, undefined, undefined, undefined],
    );
    assert.equal(node(name), javaUrlEncode(decodeURIComponent(node(name))), 'encoded as Java does');
  }
  assert.equal(schemeOf(service(RECORDED_NODES['dubbo3-all-tri'])), 'tri');
});

test('what all providers say is said, and what they do not agree on is not', () => {
  const { retries, env, token, cluster } = view(
    { retries: '1', env: 'a', token: 't', cluster: 'failfast' },
    { retries: '1', env: 'b', cluster: 'failfast' },
  );
  assert.deepEqual({ retries, env, token, cluster }, { retries: '1', env: undefined, token: undefined, cluster: 'failfast' });
});

test('all methods of any provider', () => {
  assert.equal(view({ methods: 'b,a' }, { methods: 'c,b' })['methods'], 'a,b,c');
  assert.equal(view({ methods: '' })['methods'], '*');
});

test('the longest timeouts, a default of a second counted where a provider says none', () => {
  const { timeout, ...methods } = view(
    { timeout: '3000', 'a.timeout': '50', 'connect.timeout': '9' },
    { 'a.timeout': '70', 'b.timeout': '500' },
  );
  assert.equal(timeout, '3000');
  assert.equal(methods['a.timeout'], '70');
  // The first provider gives this method 3 s, as it gives all.
  assert.equal(methods['b.timeout'], '3000');
  assert.equal(methods['connect.timeout'], undefined);
  assert.equal(view({ timeout: '500' }, {})['timeout'], '1000');
  assert.equal(view({ timeout: 'soon' })['timeout'], '1000');
});

test('serializations that all providers understand', () => {
  const of = (...providers: readonly Readonly<Record<string, string>>[]): (string | undefined)[] => {
    const found = view(...providers);
    return [found['serialization'], found['prefer.serialization']];
  };
  const newer = { 'prefer.serialization': 'fastjson2,hessian2', serialization: 'fastjson2' };
  assert.deepEqual(of(newer, newer), ['fastjson2', 'fastjson2,hessian2']);
  assert.deepEqual(of(newer, {}), ['hessian2', 'hessian2']);
  assert.deepEqual(of({}, {}), [undefined, undefined]);
  assert.deepEqual(of({ serialization: 'kryo' }, { serialization: 'kryo' }), ['kryo', undefined]);
});

test('the oldest release', () => {
  assert.equal(view({ release: '3.3.6' }, { release: '2.7.23' })['release'], '2.7.23');
  assert.equal(view({ release: '3.10.0' }, { release: '3.9.1' })['release'], '3.9.1');
});

test('services that only files announce are published with what is known of them', () => {
  const written = service(javaUrlEncode(providerUrl(FLEET, 1, { retries: '3' })));
  const { path, parameters } = consumerView({ ...written, registered: [] });
  assert.equal(path, FLEET);
  assert.deepEqual(Object.fromEntries(parameters), {
    dubbo: '2.0.2',
    dynamic: 'true',
    generic: 'false',
    interface: FLEET,
    methods: '*',
    side: 'provider',
    warmup: '0',
  });
});

test('IPv6, a path of its own, and TLS', () => {
  const published = service(javaUrlEncode(`dubbo://h:1/ctx/users?interface=${FLEET}`));
  const own = consumerView(published);
  const node = providerNode(
    'dubbo',
    { host: '2001:db8::1', port: 1 },
    { ...own, parameters: withOwn(own.parameters, { ...OWN, tls: true }) },
  );
  const url = parseNodeUrl(node);
  assert.deepEqual(
    [url.host, url.path, url.parameters.get('ssl-enabled'), url.parameters.has('path')],
    ['2001:db8::1', 'ctx/users', 'true', false],
  );
});

test('what is published is no provider to Polywire', () => {
  const own = consumerView(service(RECORDED_NODES.dubbo27));
  const node = providerNode('dubbo', { host: '10.0.0.9', port: 1 }, { ...own, parameters: withOwn(own.parameters, OWN) });
  assert.deepEqual(readProvider(node, FLEET, '/path'), { kind: 'ignored', reason: 'published by Polywire here' });
});
