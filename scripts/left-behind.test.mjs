import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { endLeftBehind, leftBehind, MARK } from './left-behind.mjs';

test('a detached process that carries the mark is found and ended', async () => {
  const mark = randomUUID();
  const code = "process.stdout.write('up'); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ['-e', code], { detached: true, env: { ...process.env, [MARK]: mark } });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  assert.deepEqual(leftBehind(randomUUID()), []);
  const [found] = endLeftBehind(mark);
  assert.equal(found?.pid, child.pid);
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL');
  assert.deepEqual(leftBehind(mark), []);
});
