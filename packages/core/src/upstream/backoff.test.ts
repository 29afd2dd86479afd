import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('waits double up to the longest, with jitter of up to half', () => {
  const waits = (random: number) => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 1000 }, () => random);
    return [0, 0, 0, 0, 0, 0].map(() => {
      backoff.failed(5000);
      return backoff.remainingMs(5000);
    });
  };
  assert.deepEqual(waits(0), [50, 100, 200, 400, 500, 500]);
  assert.deepEqual(
    waits(0.999999).map((ms) => Math.round(ms)),
    [100, 200, 400, 800, 1000, 1000],
  );
});

test('time passes and success forgets', () => {
  const backoff = new Backoff({ initialMs: 100, maxMs: 1000 }, () => 0);
  assert.equal(backoff.remainingMs(0), 0);
  backoff.failed(0);
  assert.equal(backoff.remainingMs(30), 20);
  assert.equal(backoff.remainingMs(60), 0);
  backoff.succeeded();
  assert.equal(backoff.failures, 0);
  backoff.leave(100);
  assert.equal(backoff.remainingMs(100), 1000);
});
