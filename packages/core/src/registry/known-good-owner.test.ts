import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { formatHeader } from './known-good-format.ts';
import { foreignFault } from './known-good-owner.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polywire-known-good-'));
});
after(() => rm(folder, { recursive: true }));

async function faultOf(text: string): Promise<string | undefined> {
  const file = join(folder, 'file');
  await writeFile(file, text);
  return foreignFault(file);
}

test('a file that is missing, empty, or begins as one of last known services does may be replaced, however it goes on', async () => {
  const header = formatHeader({ registry: 'zk', time: 0, services: 3 });
  assert.equal(foreignFault(join(folder, 'none')), undefined);
  for (const text of ['', header, `${header}broken\n`, header.slice(0, 50), header.replace('"version":1', '"version":2')]) {
    assert.equal(await faultOf(text), undefined, text);
  }
});

test('every other file is left as it is', async () => {
  for (const text of [
    'x',
    'listeners: []\n',
    '{"format":"other","version":1}\n',
    ` ${formatHeader({ registry: 'zk', time: 0, services: 0 })}`,
  ]) {
    assert.equal(await faultOf(text), 'it is no file of last known services', text);
  }
  assert.equal(foreignFault(folder), 'it is a folder');
  assert.equal(foreignFault('/dev/null'), 'it is no regular file');
});
