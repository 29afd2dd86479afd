import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@polywire/core/spi';
import { parseConfig } from './config.ts';

test('defaults', () => {
  assert.deepEqual(parseConfig({ address: 'zk:2181/chroot' }), {
    driver: 'builtin',
    client: {
      address: 'zk:2181/chroot',
      auth: undefined,
      tls: undefined,
      sessionTimeoutMs: 30_000,
      connectTimeoutMs: 5_000,
      maxPacketBytes: 16 * 1024 ** 2,
    },
    layouts: ['dubbo', 'dubbo-application'],
    optional: ['dubbo-application'],
    roots: {
      dubbo: '/dubbo',
      'dubbo-metadata': '/dubbo/metadata',
      'dubbo-config': '/dubbo/config/dubbo',
      'dubbo-application': '/services',
      sofarpc: '/sofa-rpc',
      motan: '/motan',
      'spring-cloud': '/services',
    },
    follow: { concurrentReads: 64, debounceMs: 50, deniedRetryMs: 30_000, resyncMs: 300_000 },
    emptyDelayMs: 300,
    metadataTimeoutMs: 3_000,
    governance: true,
    warmsUp: true,
  });
});

test('files are relative to the folder of the bootstrap file', () => {
  const tls = { ca: 'ca.pem', cert: '/etc/zk/cert.pem', key: '../key.pem' };
  const { client } = parseConfig({ address: 'zk', tls }, '/etc/polywire');
  assert.deepEqual(client.tls, { ca: '/etc/polywire/ca.pem', cert: '/etc/zk/cert.pem', key: '/etc/key.pem', serverName: undefined });
});

test('every option', () => {
  const config = parseConfig({
    address: 'a,b',
    layouts: ['dubbo', 'sofarpc', 'dubbo'],
    roots: { sofarpc: 'team/sofa', 'dubbo-config': 'rules' },
    governance: false,
    warmup: false,
    root: '/team/dubbo/',
    driver: 'builtin',
    auth: 'digest:user:pass:word',
    tls: { ca: '/ca.pem', cert: '/cert.pem', key: '/key.pem', serverName: 'zk' },
    sessionTimeout: '10s',
    connectTimeout: '500ms',
    maxPacketSize: '1MiB',
    concurrentReads: 8,
    debounce: '100ms',
    emptyDelay: '1s',
    deniedRetry: '1m',
    resync: '2h',
    metadataTimeout: '1s',
  });
  assert.deepEqual(config.client, {
    address: 'a,b',
    auth: { user: 'user', password: 'pass:word' },
    tls: { ca: '/ca.pem', cert: '/cert.pem', key: '/key.pem', serverName: 'zk' },
    sessionTimeoutMs: 10_000,
    connectTimeoutMs: 500,
    maxPacketBytes: 1024 ** 2,
  });
  assert.deepEqual(config.layouts, ['dubbo', 'sofarpc']);
  assert.deepEqual(config.optional, []);
  assert.deepEqual([config.governance, config.warmsUp, config.metadataTimeoutMs, config.emptyDelayMs], [false, false, 1000, 1000]);
  assert.deepEqual(config.roots, {
    dubbo: '/team/dubbo',
    'dubbo-metadata': '/team/dubbo/metadata',
    'dubbo-config': '/rules',
    'dubbo-application': '/services',
    sofarpc: '/team/sofa',
    motan: '/motan',
    'spring-cloud': '/services',
  });
  assert.deepEqual(config.follow, { concurrentReads: 8, debounceMs: 100, deniedRetryMs: 60_000, resyncMs: 7_200_000 });
});

test('what is wrong is said by option, and secrets are not repeated', () => {
  const refused = (config: Readonly<Record<string, unknown>>, message: RegExp): void => {
    assert.throws(
      () => parseConfig({ address: 'a', ...config }),
      (error) => error instanceof ConfigError && message.test(error.message) && !error.message.includes('secret'),
    );
  };
  refused({ adress: 'a' }, /no option "adress"; it has address, driver, layouts/);
  refused({ address: undefined }, /needs an address/);
  refused({ address: 2181 }, /^address: write a text/);
  refused({ address: 'a:b' }, /^address: "a:b" is not host:port/);
  refused({ layouts: 'dubbo' }, /^layouts: write a list/);
  refused({ layouts: ['dubbo', 'x'] }, /^layouts: "x" is unknown/);
  refused({ root: '/' }, /^root: "\/" is no node/);
  refused({ root: 'a//b' }, /^root: /);
  refused({ roots: { sofarpc: '/a/../b' } }, /^roots.sofarpc: /);
  refused({ roots: { sofa: 'a' } }, /^roots: "sofa" is unknown; there is dubbo/);
  refused({ roots: 'a' }, /^roots: write a map/);
  refused({ root: 'a', roots: { dubbo: 'b' } }, /^root: it is the same as roots.dubbo/);
  refused({ auth: 'sasl:u:secret' }, /^auth: write digest:user:password/);
  refused({ driver: 'c' }, /^driver: "c" is unknown; there is builtin, native/);
  refused({ tls: true }, /^tls: write a map of ca, cert, key, serverName/);
  refused({ tls: { caFile: 'x' } }, /^tls has no option "caFile"/);
  refused({ tls: { ca: 1 } }, /^tls: ca: write a text/);
  refused({ tls: { cert: 'x' } }, /^tls: cert and key come together/);
  refused({ tls: {}, driver: 'native' }, /^tls: the native driver has none/);
  refused({ sessionTimeout: 30 }, /^sessionTimeout: write a duration like 30s/);
  refused({ sessionTimeout: '10 s' }, /^sessionTimeout: "10 s" is not a duration/);
  refused({ sessionTimeout: '10ms' }, /^sessionTimeout: 10ms is less than 1000ms/);
  refused({ debounce: '2m' }, /^debounce: 2m is more than 60000ms/);
  refused({ maxPacketSize: 'big' }, /^maxPacketSize: /);
  refused({ maxPacketSize: 10 }, /^maxPacketSize: 10 is less/);
  refused({ concurrentReads: 0 }, /^concurrentReads: /);
});
