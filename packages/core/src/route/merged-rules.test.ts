import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteMatch, VirtualService } from '../config/model.ts';
import { HostIndex } from './host-index.ts';
import { inIstioOrder, mergeRules } from './merged-rules.ts';
import { exact, http, to, virtualService, when } from './routing-fixture.test.ts';

const gray = () => when({ headers: [exact('tag', 'gray')] });

function service(name: string, routes: readonly (readonly [string, readonly RouteMatch[]])[], createdAt = 0): VirtualService {
  return virtualService(
    name,
    ['A'],
    routes.map(([route, matches]) => http(route, matches, { destinations: [to('A')] })),
    createdAt,
  );
}

function merged(...services: VirtualService[]): string[] {
  const index = new HostIndex(inIstioOrder(services).flatMap((resource) => resource.hosts.map((host) => ({ resource, host }))));
  return mergeRules(index.named('a')).map(({ routeName }) => routeName);
}

describe('VirtualServices of one host', () => {
  it('are merged oldest first, and in load order at one age', () => {
    const young = service('young', [['young', [gray()]]], 30);
    const b = service('b', [['b', [gray()]]], 20);
    const a = service('a', [['a', [gray()]]], 20);
    const ageless = service('ageless', [['ageless', [gray()]]]);
    assert.deepEqual(merged(young, b, a, ageless), ['ageless', 'b', 'a', 'young']);
  });

  it('have their catch-all routes moved to the end, in their order', () => {
    const first = service(
      'first',
      [
        ['f1', [gray()]],
        ['f-all', []],
      ],
      1,
    );
    const second = service(
      'second',
      [
        ['s1', [gray()]],
        ['s-all', [when({ uri: { kind: 'prefix', value: '/' } })]],
      ],
      2,
    );
    assert.deepEqual(merged(second, first), ['f1', 's1', 'f-all', 's-all']);
  });

  it('end where a catch-all hides the rest', () => {
    assert.deepEqual(
      merged(
        service('one', [
          ['all', []],
          ['hidden', [gray()]],
        ]),
      ),
      ['all'],
    );
    const regex = when({ uri: { kind: 'regex', value: '.*' } });
    assert.deepEqual(
      merged(
        service('one', [
          ['all', [gray(), regex, gray()]],
          ['hidden', [gray()]],
        ]),
      ),
      ['all', 'all'],
    );
  });

  it('take no condition for a catch-all that is none', () => {
    const conditions = [
      when({ authority: { kind: 'prefix', value: '' } }),
      when({ uri: { kind: 'prefix', value: '/A' } }),
      when({ withoutHeaders: [exact('tag', 'gray')] }),
      when({ uri: { kind: 'prefix', value: '/' }, headers: [exact('tag', 'gray')] }),
    ];
    assert.deepEqual(merged(service('one', [...conditions.map((match, i) => [`r${i}`, [match]] as const), ['all', []]])), [
      'r0',
      'r1',
      'r2',
      'r3',
      'all',
    ]);
  });

  it('name routes that have no name after their place', () => {
    const routes = [http(undefined, [gray()], { destinations: [to('A')] }), http(undefined, [], { destinations: [to('A')] })];
    assert.deepEqual(merged(virtualService('acme/a', ['A'], routes)), ['acme/a#1', 'acme/a#2']);
  });
});
