import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Problem } from '../errors/config-error.ts';
import { resourceText, TEST_OPTIONS } from '../testing/mesh-text.ts';
import { loadMesh } from './load.ts';
import type { MeshResources } from './model.ts';
import { watchMesh } from './watch.ts';

const rule = (host: string) => resourceText('DestinationRule', `host: ${host}`).replace('{name: users}', `{name: ${host}}`);

function hosts({ destinationRules }: MeshResources): string[] {
  return destinationRules.map(({ host }) => host.text).sort();
}

/** A watched folder `mesh`, and what the watch said, as events and in order. */
async function watched(
  prepare: (directory: string) => Promise<void>,
  body: (folder: string, said: EventEmitter, log: string[]) => Promise<void>,
) {
  const directory = await mkdtemp(join(tmpdir(), 'polywire-watch-'));
  await mkdir(join(directory, 'mesh'));
  await prepare(join(directory, 'mesh'));
  const where = { ...TEST_OPTIONS, directory, globs: ['mesh/**/*.yaml'] };
  const said = new EventEmitter();
  const log: string[] = [];
  const watcher = await watchMesh({
    where,
    initial: await loadMesh(where),
    debounceMs: 20,
    onChange: ({ resources }) => {
      log.push(`change ${hosts(resources).join()}`);
      said.emit('change', resources);
    },
    onProblems: (problems) => {
      log.push(`problems ${problems.length}`);
      said.emit('problems', problems);
    },
  });
  try {
    await body(join(directory, 'mesh'), said, log);
  } finally {
    await watcher.close();
    await rm(directory, { recursive: true });
  }
  return log;
}

/** Writes over a file in one step: one that is read half-written is another change. */
async function save(file: string, text: string): Promise<void> {
  const whole = join(dirname(file), '..', `${basename(file)}.whole`);
  await writeFile(whole, text);
  await rename(whole, file);
}

async function nextHosts(said: EventEmitter, act: () => Promise<unknown>): Promise<string[]> {
  const [[resources]] = await Promise.all([once(said, 'change', { signal: AbortSignal.timeout(60_000) }), act()]);
  return hosts(resources);
}

async function nextProblems(said: EventEmitter, act: () => Promise<unknown>): Promise<readonly Problem[]> {
  const [[problems]] = await Promise.all([once(said, 'problems', { signal: AbortSignal.timeout(60_000) }), act()]);
  return problems;
}

test('a bad change keeps the last good state and says where; a good one then takes over', async () => {
  await watched(
    (folder) => writeFile(join(folder, 'a.yaml'), rule('a')),
    async (folder, said, log) => {
      const problems = await nextProblems(said, () => save(join(folder, 'a.yaml'), rule('com.acme.*')));
      assert.match(problems[0]?.message ?? '', /leading wildcards/);
      assert.deepEqual([problems[0]?.position?.file, problems[0]?.position?.line], [join(folder, 'a.yaml'), 5]);
      assert.deepEqual(log, ['problems 1']);
      assert.deepEqual(await nextHosts(said, () => save(join(folder, 'a.yaml'), rule('b'))), ['b']);
      assert.deepEqual(log, ['problems 1', 'problems 0', 'change b']);
    },
  );
});

test('going back to the last good text ends the report', async () => {
  await watched(
    (folder) => writeFile(join(folder, 'a.yaml'), rule('a')),
    async (folder, said, log) => {
      await nextProblems(said, () => save(join(folder, 'a.yaml'), '{'));
      assert.deepEqual(await nextHosts(said, () => save(join(folder, 'a.yaml'), rule('a'))), ['a']);
      assert.deepEqual(log, ['problems 1', 'problems 0', 'change a']);
    },
  );
});

test('new files, files in new folders, and deleted files count', async () => {
  await watched(
    (folder) => writeFile(join(folder, 'a.yaml'), rule('a')),
    async (folder, said) => {
      assert.deepEqual(await nextHosts(said, () => writeFile(join(folder, 'b.yaml'), rule('b'))), ['a', 'b']);
      const inNewFolder = async () => {
        await mkdir(join(folder, 'sub'));
        await writeFile(join(folder, 'sub', 'c.yaml'), rule('c'));
      };
      assert.deepEqual(await nextHosts(said, inNewFolder), ['a', 'b', 'c']);
      assert.deepEqual(await nextHosts(said, () => unlink(join(folder, 'a.yaml'))), ['b', 'c']);
    },
  );
});

test('editors that write a new file and rename it over the old one are seen, again and again', async () => {
  await watched(
    (folder) => writeFile(join(folder, 'a.yaml'), rule('a')),
    async (folder, said) => {
      for (const host of ['b', 'c', 'd']) {
        const save = async () => {
          await writeFile(join(folder, '.a.yaml.swp'), rule(host));
          await rename(join(folder, '.a.yaml.swp'), join(folder, 'a.yaml'));
        };
        assert.deepEqual(await nextHosts(said, save), [host]);
      }
    },
  );
});

test('the swapped link of a mounted ConfigMap is seen', async () => {
  await watched(
    async (folder) => {
      await mkdir(join(folder, '..one'));
      await writeFile(join(folder, '..one', 'a.yaml'), rule('a'));
      await symlink('..one', join(folder, '..data'));
      await symlink('..data/a.yaml', join(folder, 'a.yaml'));
    },
    async (folder, said) => {
      const swap = async () => {
        await mkdir(join(folder, '..two'));
        await writeFile(join(folder, '..two', 'a.yaml'), rule('b'));
        await symlink('..two', join(folder, '..data_tmp'));
        await rename(join(folder, '..data_tmp'), join(folder, '..data'));
      };
      assert.deepEqual(await nextHosts(said, swap), ['b']);
    },
  );
});

test('a closed watch is silent', async () => {
  const log = await watched(
    (folder) => writeFile(join(folder, 'a.yaml'), rule('a')),
    async (folder, said) => {
      await nextHosts(said, () => writeFile(join(folder, 'b.yaml'), rule('b')));
      await writeFile(join(folder, 'c.yaml'), rule('c'));
    },
  );
  // Longer than the debounce: what was still pending would be read now, and find no files.
  await new Promise((turn) => setTimeout(turn, 100));
  assert.deepEqual(log, ['change a,b']);
});

test('a folder that comes later is seen', async () => {
  await watched(
    (folder) => rm(folder, { recursive: true }),
    async (folder, said) => {
      const create = async () => {
        await mkdir(folder);
        await writeFile(join(folder, 'a.yaml'), rule('a'));
      };
      assert.deepEqual(await nextHosts(said, create), ['a']);
    },
  );
});

test('a proxy without resources has nothing to wait for', { timeout: 60_000 }, async () => {
  for (const globs of [[], ['!mesh/*.yaml']]) {
    const where = { ...TEST_OPTIONS, directory: tmpdir(), globs };
    const watcher = await watchMesh({
      where,
      initial: await loadMesh(where),
      onChange: () => assert.fail(),
      onProblems: () => assert.fail(),
    });
    await watcher.close();
  }
});
