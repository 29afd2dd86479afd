import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplainReport } from '@polywire/core';
import { routeTree } from './explain-tree.ts';
import type { TreeNode } from './tree.ts';

function textsOf({ text, children = [] }: TreeNode): string[] {
  return [text, ...children.flatMap(textsOf)];
}

test('of an endpoint it is said whether it warms up, when and in which session it was read, and what changed it', () => {
  const endpoint = { address: '10.0.0.1:1', weight: 200, labels: new Map(), origin: '/a/node', available: true };
  const warming = { weight: 33.3333, until: '2026-01-01T00:10:00.000Z' };
  const lineage = {
    session: '0x1f',
    learnt: '2026-01-01T00:00:00.000Z',
    overrides: [{ origin: '/a/configurators', effect: 'weight 200, was 100' }],
  };
  const destination = { cluster: 'users', weight: 1, share: 1, loadBalancer: 'RANDOM', origin: '', emptiness: undefined };
  const report: ExplainReport = {
    protocol: 'dubbo',
    service: 'a.Users',
    method: 'find',
    identities: [],
    virtualServices: [],
    rules: [],
    endpointRules: [],
    route: { name: 'default', origin: '', timeoutMs: 0 },
    refusal: undefined,
    destinations: [
      {
        ...destination,
        endpoints: [
          { ...endpoint, lineage },
          { ...endpoint, warming },
        ],
        leftOut: [{ ...endpoint, lineage, why: 'its weight is 0' }],
      },
    ],
  };
  const texts = textsOf(routeTree(report));
  assert.deepEqual(texts.slice(texts.indexOf('10.0.0.1:1 weight 200 (/a/node)')), [
    '10.0.0.1:1 weight 200 (/a/node)',
    'read 2026-01-01T00:00:00.000Z in session 0x1f',
    'weight 200, was 100 (/a/configurators)',
    '10.0.0.1:1 weight 200, warming up: 33.3 until 2026-01-01T00:10:00.000Z (/a/node)',
    '10.0.0.1:1 (/a/node): its weight is 0',
    'read 2026-01-01T00:00:00.000Z in session 0x1f',
    'weight 200, was 100 (/a/configurators)',
  ]);
});
