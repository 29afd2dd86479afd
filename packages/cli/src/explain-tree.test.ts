import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplainReport } from '@polywire/core';
import { routeTree } from './explain-tree.ts';
import { styleFor } from './terminal.ts';
import { renderTree } from './tree.ts';

type EndpointRule = ExplainReport['endpointRules'][number];

function rule(position: number, more: Pick<EndpointRule, 'outcome' | 'why'> & Partial<EndpointRule>): EndpointRule {
  return { position, text: `rule ${position}`, origin: `/dubbo/config/${position}`, unreadable: 0, conditions: [], ...more };
}

test('the tree shows what each rule of the registry did', () => {
  const condition = { condition: 'header dubbo.tag exact "gray"', verdict: 'holds', actual: 'gray', origin: '/dubbo/config/1' } as const;
  const report: ExplainReport = {
    protocol: 'dubbo',
    service: 'com.acme.Users',
    method: 'find',
    identities: [],
    virtualServices: [],
    rules: [],
    endpointRules: [
      rule(1, { outcome: 'chose', why: 'chose 1 of 2 endpoints', conditions: [condition] }),
      rule(2, { outcome: 'not-applied', why: 'scripts are not run' }),
    ],
    route: { name: 'com.acme.Users', origin: '/dubbo/com.acme.Users', timeoutMs: -1 },
    refusal: undefined,
    destinations: [],
  };
  const tree = renderTree(routeTree(report), styleFor({ isTTY: false, write: () => true }, {}));
  assert.match(tree, /^ {3}├─ ✓ 1\. rule 1 \(\/dubbo\/config\/1\): chose 1 of 2 endpoints$/m);
  assert.match(tree, /✓ header dubbo\.tag exact "gray": the request has "gray"/);
  assert.match(tree, /└─ 2\. rule 2 \(\/dubbo\/config\/2\): not applied: scripts are not run$/m);
});
