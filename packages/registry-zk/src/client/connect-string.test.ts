import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConnectString } from './connect-string.ts';

test('hosts, default port, IPv6 and chroot', () => {
  assert.deepEqual(parseConnectString('a:1, b,[::1]:3,[fe80::1%eth0]/x/y/'), {
    hosts: [
      { host: 'a', port: 1 },
      { host: 'b', port: 2181 },
      { host: '::1', port: 3 },
      { host: 'fe80::1%eth0', port: 2181 },
    ],
    chroot: '/x/y',
  });
  assert.equal(parseConnectString('a/').chroot, '');
});

test('what is no address is refused with its text', () => {
  assert.throws(() => parseConnectString(''), /no host/);
  assert.throws(() => parseConnectString('/x'), /no host/);
  assert.throws(() => parseConnectString('::1'), /"::1" is not host:port/);
  assert.throws(() => parseConnectString('a:0'), /port 0/);
  assert.throws(() => parseConnectString('a:99999'), /port 99999/);
  assert.throws(() => parseConnectString('zookeeper:a:2181'), /not host:port/);
  assert.throws(() => parseConnectString('zookeeper://a:2181'), /"zookeeper:\/\/a:2181" is a URL; write host:port/);
  assert.throws(() => parseConnectString('a//b'), /empty segment/);
  assert.throws(() => parseConnectString('a:1/x,b:2/x'), /"a:1\/x,b:2\/x" has servers after the chroot/);
});
