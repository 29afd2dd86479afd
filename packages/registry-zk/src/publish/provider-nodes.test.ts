import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedService } from '@polywire/core/spi';
import { BuiltinZkClient } from '../client/builtin.ts';
import { dubboService } from '../dubbo/service.ts';
import { providerOf, publishedService } from '../testing/published.ts';
import { ProviderNodes } from './provider-nodes.ts';

/** A service whose providers have these methods. */
function service(...methods: readonly string[]): PublishedService {
  return publishedService(
    dubboService({ name: 'a.B', group: undefined, version: undefined }, 'dubbo'),
    methods.map((list, index) => providerOf({ methods: list }, index + 1)),
  );
}

test('a node that no server takes is not asked for: the servers would hang up each time', async () => {
  const listener = { connected: () => undefined, disconnected: () => undefined, event: () => undefined };
  const client = new BuiltinZkClient({ address: 'a', sessionTimeoutMs: 1, connectTimeoutMs: 1, maxPacketBytes: 1 }, listener);
  await client.close();
  const own = { application: 'polywire', instance: 'here', timestamp: 7, tls: false };
  const nodes = new ProviderNodes({ client, root: '/polywire', address: { host: '10.0.0.9', port: 1 }, own });
  nodes.want('small', service('find', 'get'));
  await assert.rejects(nodes.settle('small'), /^ZkError: CONNECTION_LOSS/);
  nodes.want('large', service('a'.repeat(600_000), 'b'.repeat(600_000)));
  await assert.rejects(nodes.settle('large'), /^Error: what a\.B is published with takes more than 1000000 bytes/);
});
