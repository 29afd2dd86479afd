import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesAddress } from './address-pattern.ts';

test('hosts, ports, parts, ranges and networks, of both families', () => {
  const cases: readonly [pattern: string, host: string, port: number, matches: boolean][] = [
    ['10.0.0.1', '10.0.0.1', 1, true],
    ['10.0.0.1:1', '10.0.0.1', 1, true],
    ['10.0.0.1:2', '10.0.0.1', 1, false],
    ['*', '10.0.0.1', 1, true],
    ['10.0.*.*', '10.0.3.4', 1, true],
    ['10.0.*.*:1', '10.0.3.4', 2, false],
    ['10.0.0.1-20', '10.0.0.20', 1, true],
    ['10.0.0.1-20', '10.0.0.21', 1, false],
    ['10.0.0.1-2-3', '10.0.0.1', 1, false],
    ['10.0.0.0/8', '10.9.9.9', 1, true],
    ['10.0.0.0/8', '11.0.0.1', 1, false],
    ['10.0.0.0/99', '10.0.0.1', 1, false],
    ['fe80::/10', 'fe80::1', 1, true],
    ['10.0.0.0/8', 'fe80::1', 1, false],
    ['fe80::1', 'fe80::1', 1, true],
    ['[fe80::1]:1', 'fe80::1', 1, true],
    ['[fe80::1]:2', 'fe80::1', 1, false],
    ['pod.acme', 'pod.acme', 1, true],
    ['pod*', 'pod.acme', 1, false],
    ['nonsense', '10.0.0.1', 1, false],
  ];
  for (const [pattern, host, port, matches] of cases)
    assert.equal(matchesAddress(pattern, host, port), matches, `${pattern} ${host}:${port}`);
});
