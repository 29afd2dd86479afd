import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ZkState } from '../client/client.ts';
import type { Announcement } from './layout.ts';
import { Lineage, sessionOf } from './lineage.ts';

const NONE: ReadonlyMap<string, string> = new Map();

function announced(address: string): Announcement {
  return {
    service: {
      host: 'users.test',
      identity: { name: 'users', group: undefined, version: undefined },
      protocol: 'test',
      port: { name: 'test', number: 1, protocol: 'TCP' },
      annotations: NONE,
    },
    endpoint: { address, port: 1, weight: 100, labels: NONE, metadata: NONE, origin: `/${address}` },
    timestamp: 0,
  };
}

test('an endpoint says in which session and when it was read first, for as long as it stays the same', (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1000 });
  const client: { state: ZkState; sessionId: bigint } = { state: 'connected', sessionId: 0x1fn };
  const lineage = new Lineage(client);
  const [a, b] = [announced('a'), announced('b')];
  assert.deepEqual(
    lineage.mark([a, b]).map(({ endpoint }) => endpoint.learnt),
    [
      { session: '0x1f', at: 1000 },
      { session: '0x1f', at: 1000 },
    ],
  );
  const former = a.endpoint;
  client.sessionId = 0x2fn;
  context.mock.timers.tick(500);
  const restarted = announced('b');
  lineage.mark([a, restarted]);
  assert.equal(a.endpoint, former, 'unchanged is the same object');
  assert.deepEqual(restarted.endpoint, { ...announced('b').endpoint, learnt: { session: '0x2f', at: 1500 } });
});

test('there is a session while there is a connection', () => {
  assert.equal(sessionOf({ state: 'connecting', sessionId: 0x1fn }), undefined);
  assert.equal(sessionOf({ state: 'connected', sessionId: 0x100000000000abcn }), '0x100000000000abc');
});
