import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressIn, formatAddress } from './listen.ts';

test('the address of a peer is that of its family, without port and zone', () => {
  const cases: readonly [host: string, address: string][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::1', '::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:a00:1', '::ffff:a00:1'],
  ];
  for (const [host, address] of cases) assert.equal(addressIn(formatAddress(host, 20880)), address);
});
