import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../bin/polywire.js', import.meta.url));

test('whoever stops reading gets no stack of Polywire', async () => {
  const child = spawn(process.execPath, [COMMAND, 'explain', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const [code] = await once(child, 'close');
  assert.deepEqual([code, errors], [0, '']);
});
