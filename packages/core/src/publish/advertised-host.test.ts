import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { advertisedHost } from './advertised-host.ts';

function address(text: string, family: 'IPv4' | 'IPv6', internal = false): NetworkInterfaceInfo {
  const common = { address: text, netmask: '', mac: '', internal, cidr: null };
  return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 };
}

const INTERFACES = { lo: [address('127.0.0.1', 'IPv4', true)], eth0: [address('fe80::1', 'IPv6'), address('10.0.0.5', 'IPv4')] };

test('callers are told what is written, else what is bound, else an address of this machine', () => {
  assert.equal(advertisedHost('proxy.acme', '0.0.0.0', INTERFACES), 'proxy.acme');
  assert.equal(advertisedHost(undefined, '127.0.0.1', INTERFACES), '127.0.0.1');
  assert.equal(advertisedHost(undefined, '0.0.0.0', INTERFACES), '10.0.0.5');
  assert.equal(advertisedHost(undefined, '::', INTERFACES), '10.0.0.5');
  assert.throws(() => advertisedHost(undefined, '0.0.0.0', { lo: INTERFACES.lo }), /no IPv4 address of its own: write host/);
});
