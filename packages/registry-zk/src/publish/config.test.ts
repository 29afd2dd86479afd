import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, type PublisherContext } from '@polywire/core/spi';
import { parsePublishConfig } from './config.ts';

type Context = Pick<PublisherContext, 'protocols' | 'registries' | 'directory'>;

const CONTEXT: Context = { protocols: ['dubbo'], registries: [] };

function refusal(raw: Readonly<Record<string, unknown>>, context: Partial<Context> = {}): string {
  try {
    parsePublishConfig(raw, { ...CONTEXT, ...context });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'taken';
}

test('defaults', () => {
  const { layouts, roots, application, client } = parsePublishConfig({ address: 'zk' }, CONTEXT);
  assert.deepEqual(layouts, ['dubbo', 'dubbo-application']);
  assert.deepEqual(roots, { dubbo: '/polywire', applications: '/polywire', reports: '/polywire' });
  assert.deepEqual([application, client.sessionTimeoutMs], ['polywire', 10_000]);
});

test("files of TLS are relative to the context's folder", () => {
  const { client } = parsePublishConfig(
    { address: 'zk', tls: { ca: 'ca.pem', cert: '/c.pem', key: 'k.pem' } },
    { ...CONTEXT, directory: '/etc/p' },
  );
  assert.deepEqual(client.tls, { ca: '/etc/p/ca.pem', cert: '/c.pem', key: '/etc/p/k.pem', serverName: undefined });
});

test("Dubbo's own root has its applications elsewhere, and each root can be written", () => {
  const roots = (raw: object) => parsePublishConfig({ address: 'zk', ...raw }, CONTEXT).roots;
  assert.deepEqual(roots({ root: 'dubbo' }), { dubbo: '/dubbo', applications: '/services', reports: '/dubbo' });
  assert.deepEqual(roots({ roots: { dubbo: 'a', 'dubbo-application': 'b', 'dubbo-report': 'c/d' } }), {
    dubbo: '/a',
    applications: '/b',
    reports: '/c/d',
  });
});

test('what is wrong is named', () => {
  assert.match(refusal({ address: 'zk', group: 'x' }), /no option "group" for publishing; it has address/);
  assert.match(refusal({}), /needs an address/);
  assert.match(
    refusal({ address: 'zk', layouts: ['sofarpc'] }),
    /layouts: "sofarpc" cannot be published; there is dubbo, dubbo-application/,
  );
  assert.match(refusal({ address: 'zk', protocols: ['rest'] }), /protocols: "rest" cannot be published; there is dubbo, tri/);
  assert.match(refusal({ address: 'zk', protocols: ['tri'] }), /listener: it speaks dubbo, and callers of tri need http2/);
  assert.equal(refusal({ address: 'zk', protocols: ['tri'] }, { protocols: ['http2'] }), 'taken');
  assert.match(refusal({ address: 'zk', application: 'a,b' }), /application: "a,b"/);
  assert.match(refusal({ address: 'zk', roots: { motan: 'x' } }), /roots: "motan" is unknown/);
  assert.match(refusal({ address: 'zk', sessionTimeout: '10ms' }), /sessionTimeout: 10ms is less than 1000ms/);
  assert.match(
    refusal({ address: 'zk' }, { protocols: ['thrift', 'bolt'] }),
    /listener: it speaks thrift, bolt, and callers of dubbo need dubbo; see/,
  );
});

test('what is published must not end up where providers are read', () => {
  const reads = (config: object) => ({ registries: [{ type: 'zookeeper', config: { address: 'a:2181,b:2182/x', ...config } }] });
  const clash =
    /root: b:2182\/x\/dubbo is where the registry a:2181,b:2182\/x is read: publish under another root, or in another ZooKeeper/;
  assert.match(refusal({ address: 'b:2182/x', root: 'dubbo' }, reads({})), clash);
  assert.match(refusal({ address: 'b:2182', root: 'x/dubbo' }, reads({})), clash);
  assert.match(refusal({ address: 'b:2182/x', roots: { 'dubbo-application': 'services' } }, reads({})), /b:2182\/x\/services is where/);
  assert.match(refusal({ address: 'b:2182/x' }, reads({ root: 'polywire' })), /b:2182\/x\/polywire is where/);
  assert.equal(refusal({ address: 'b:2182/x' }, reads({})), 'taken');
  assert.equal(refusal({ address: 'c/x', root: 'dubbo' }, reads({})), 'taken');
  assert.equal(refusal({ address: 'b:2182', root: 'dubbo' }, reads({})), 'taken');
});
