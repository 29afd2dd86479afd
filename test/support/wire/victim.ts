import assert from 'node:assert/strict';
import { CoreWaits } from '../core-waits.ts';
import type { Owner } from '../owner.ts';
import { assertAccounted, Load } from './load.ts';
import type { WireProxy } from './proxy.ts';

/** Beyond what a busy machine adds. Whoever waits for a slow peer waits longer than this. */
const P99_MS = 1000;
const SLOWEST_MS = 2000;
const DEPTH = 2;

/**
 * An innocent caller, calling all the time while `attack` runs and for some calls afterwards: each call is answered with its own
 * answer, 99 of 100 within a bound, and none waits for the attack to end.
 */
export async function besideVictim(owner: Owner, proxy: WireProxy, attack: () => Promise<void>, headers = {}): Promise<void> {
  const waits = new CoreWaits(proxy.process.pid, process.pid);
  const load = Load.start(owner, { wire: proxy.wire, port: proxy.port, callers: 1, depth: DEPTH, pauseMs: 2, headers });
  await load.answers(20);
  await attack();
  // With fewer than some hundred calls the 99th of a hundred is the slowest one.
  await load.answers(300);
  const tally = await load.stop();
  assertAccounted(tally);
  assert.equal(tally.ok, tally.started, `the victim: ${tally}`);
  const p99 = P99_MS + waits.most(0.99, tally.ok, DEPTH);
  const slowest = SLOWEST_MS + waits.most(1, tally.ok);
  const within = tally.percentile(0.99) < p99 && tally.percentile(1) < slowest;
  assert.ok(within, `the victim's p99 is over ${p99.toFixed(0)} ms, or its slowest call over ${slowest.toFixed(0)} ms: ${tally}`);
}
