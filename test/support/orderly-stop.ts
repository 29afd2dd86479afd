import assert from 'node:assert/strict';
import type { LoadReport } from './peers.ts';
import type { Wire } from './wires.ts';

/** How a Dubbo provider's own threads refuse a call once they are shut down. */
const REFUSED = /thread pool is exhausted.*isShutdown:true/;

/**
 * Asserts that a load lost nothing while one provider stopped orderly.
 *
 * Dubbo 2.7 itself may refuse one call: its DubboBootstrap.destroy() shuts the server's threads down before it unregisters and
 * says READONLY, so a call that a connection's reader is handing over at that moment is answered with status 100, unbegun, by a
 * provider that nobody can know to be stopping. The reader sees the shutdown at the next call: it is one for each connection,
 * and the proxy holds one. 3.3 says READONLY first.
 *
 * @returns how many calls the provider refused
 */
export function assertStopCostNothing({ lost, mixed, failures, samples }: LoadReport, { module }: Wire): number {
  const refused = module === 'dubbo27' && samples.length === 1 && REFUSED.test(samples[0] ?? '') ? 1 : 0;
  const expected = refused === 0 ? { failures: {}, samples: [] } : { failures: { 'RpcException/NETWORK': 1 }, samples };
  assert.deepEqual({ lost, mixed, failures, samples }, { lost: 0, mixed: 0, ...expected });
  return refused;
}
