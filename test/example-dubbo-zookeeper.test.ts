import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { requireJava } from './support/requirements.ts';

// This file runs as test/dist/example-dubbo-zookeeper.test.js.
const RUN = fileURLToPath(new URL('../../examples/dubbo-zookeeper/run.mjs', import.meta.url));
const TIMEOUT_MILLISECONDS = 540_000;

test('examples/dubbo-zookeeper shows a gray release', { skip: requireJava(), timeout: TIMEOUT_MILLISECONDS }, async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN], { signal: t.signal, killSignal: 'SIGTERM' });
  const [started = '', byTag = '', byWeight = '', byRegistry = '', direct = ''] = stdout.split('\n\n');
  assert.match(started, /^polywire ready: /m);
  assert.match(byTag, /^tagged calls go to v2, all others to v1:$/m);
  assert.deepEqual(answers(byTag, 'no tag'), { v1: 400 });
  assert.deepEqual(answers(byTag, 'gray'), { v2: 400 });
  assert.match(byWeight, /^weights 90 and 10 in mesh\/demo\.yaml:$/m);
  assertReleased(byWeight);
  assert.match(byRegistry, /^consumers that find Polywire in ZooKeeper, with group=polywire:$/m);
  assertReleased(byRegistry);
  assert.match(direct, /^and without it again, asking ZooKeeper for the services themselves:$/m);
  assert.deepEqual(answers(direct, 'no tag'), { v1: 400 });
});

/** One in ten calls goes to v2, and all that carry the tag. */
function assertReleased(scene: string): void {
  assert.deepEqual(answers(scene, 'gray'), { v2: 400 });
  // Each call is a draw: 40 of 400 expected, with a deviation of 6.
  const { v1 = 0, v2 = 0, ...others } = answers(scene, 'no tag');
  assert.deepEqual({ calls: v1 + v2, others }, { calls: 400, others: {} });
  assert(v2 > 10 && v2 < 80, `v2 answered ${v2} of 400 calls`);
}

/** Calls by who answered them, summed over a consumer's lines: `  gray: {v1=90, v2=10}`. */
function answers(scene: string, consumer: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of scene.split('\n').filter((each) => each.startsWith(`  ${consumer}: `))) {
    for (const [, who = '', calls] of line.matchAll(/[{ ]([^{}=]+)=(\d+)/g)) counts[who] = (counts[who] ?? 0) + Number(calls);
  }
  return counts;
}
