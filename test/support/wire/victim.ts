import assert from 'node:assert/strict';
import type { Owner } from '../owner.ts';
import { assertAccounted, Load } from './load.ts';
import type { WireProxy } from './proxy.ts';

/** Two busy cores, shared with everything else, are slow at times. Whoever waits for a slow peer waits longer than this. */
const P99_MS = 1000;
const SLOWEST_MS = 2000;

/**
 * An innocent caller, calling all the time while `attack` runs and for some calls afterwards: each call is answered with its own
 * answer, 99 of 100 within a bound, and none waits for the attack to end.
 */
export async function besideVictim(owner: Owner, proxy: WireProxy, attack: () => Promise<void>, headers = {}): Promise<void> {
  const load = Load.start(owner, { wire: proxy.wire, port: proxy.port, callers: 1, depth: 2, pauseMs: 2, headers });
  await load.answers(20);
  await attack();
  // With fewer than some hundred calls the 99th of a hundred is the slowest one.
  await load.answers(300);
  const tally = await load.stop();
  assertAccounted(tally);
  assert.equal(tally.ok, tally.started, `the victim: ${tally}`);
  const within = tally.percentile(0.99) < P99_MS && tally.percentile(1) < SLOWEST_MS;
  assert.ok(within, `the victim's p99 is over ${P99_MS} ms, or its slowest call over ${SLOWEST_MS} ms: ${tally}`);
}
