import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadLimit } from './read-limit.ts';

test('no more than so many run at a time, the rest in order, also after a failure', async () => {
  const limit = new ReadLimit(2);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const jobs = [0, 1, 2, 3].map((job) =>
    limit.run(async () => {
      started.push(job);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (job === 0) throw new Error('failed');
    }),
  );
  assert.deepEqual(started, [0, 1]);
  ends[0]?.();
  await assert.rejects(jobs[0] ?? Promise.resolve(), /failed/);
  assert.deepEqual(started, [0, 1, 2]);
  ends[1]?.();
  await jobs[1];
  assert.deepEqual(started, [0, 1, 2, 3]);
  ends[2]?.();
  ends[3]?.();
  await Promise.all(jobs.slice(1));
  assert.equal(await limit.run(async () => 'free'), 'free');
});
