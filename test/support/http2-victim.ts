import assert from 'node:assert/strict';
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreWaits } from './core-waits.ts';
import type { Http2Proxy } from './http2-proxy.ts';
import { exchange } from './http2-session.ts';

const BASELINE_REQUESTS = 100;
/** From the beginning of the trouble on; one that waits for its end is the slowest of them. */
const LEAST_REQUESTS = 50;
const PAUSE_MILLISECONDS = 5;
/** Beyond what a busy machine adds. */
const P50_TIMES = 10;
const P50_MORE_MILLISECONDS = 30;
const P99_TIMES = 10;
const P99_MORE_MILLISECONDS = 400;

/**
 * An innocent caller that asks, one request after the other, while `trouble` goes on: each is answered, and in about the time that it
 * took before, but for what other processes take.
 * @returns what it measured
 */
export async function besideVictim(proxy: Http2Proxy, session: ClientHttp2Session, trouble: () => Promise<void>): Promise<string> {
  const before: number[] = [];
  while (before.length < BASELINE_REQUESTS) before.push(await ask(session));
  const during: number[] = [];
  let over = false;
  const waits = new CoreWaits(proxy.pid, process.pid);
  const asking = (async () => {
    while (!over || during.length < LEAST_REQUESTS) {
      during.push(await ask(session));
      await sleep(PAUSE_MILLISECONDS);
    }
  })();
  try {
    await trouble();
  } finally {
    over = true;
    await asking;
  }
  const measured =
    `${before.length} before: ${numbers(before)}; ${during.length} during: ${numbers(during)}, ` +
    `${waits.milliseconds.toFixed(0)} ms without a core`;
  const p50 = percentile(before, 0.5) * P50_TIMES + P50_MORE_MILLISECONDS + waits.most(0.5, during.length);
  const p99 = percentile(before, 0.99) * P99_TIMES + P99_MORE_MILLISECONDS + waits.most(0.99, during.length);
  assert.ok(percentile(during, 0.5) < p50 && percentile(during, 0.99) < p99, `the victim was slow: ${measured}`);
  return measured;
}

async function ask(session: ClientHttp2Session): Promise<number> {
  const began = performance.now();
  const { status } = await exchange(session);
  assert.equal(status, 200);
  return performance.now() - began;
}

function numbers(list: readonly number[]): string {
  return `p50 ${percentile(list, 0.5).toFixed(1)} ms, p99 ${percentile(list, 0.99).toFixed(1)} ms`;
}

function percentile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
