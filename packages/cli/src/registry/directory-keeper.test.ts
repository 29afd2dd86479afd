import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { DirectoryKeeper, type KeeperContext } from './directory-keeper.ts';
import type { RegistryEvent } from './events.ts';
import { entry } from './fake-registry.test-support.ts';
import { ServiceFiles } from './service-files.ts';

let directory = '';
let told: string[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'polywire-keeper-'));
  told = [];
});
afterEach(() => rm(directory, { recursive: true }));

async function keeper(context: KeeperContext, source = 'zk'): Promise<DirectoryKeeper> {
  const note = (what: string) => (path: string) => void told.push(`${what} ${path.replace(`${directory}/`, '')}`);
  const files = await ServiceFiles.open(directory, source);
  return new DirectoryKeeper(files, context, { written: note('wrote'), deleted: note('deleted'), failed: note('failed') });
}

async function take(events: readonly RegistryEvent[], context: Partial<KeeperContext> = {}, source = 'zk'): Promise<string[]> {
  const kept = await keeper({ isSynced: true, unread: new Map(), hosts: [], ...context }, source);
  kept.take(events);
  await kept.finish();
  return (await readdir(directory)).sort();
}

const added = (host: string, text = 'kind: X\n'): RegistryEvent => ({ event: 'added', host, entry: entry(host, []), text });
const removed = (host: string): RegistryEvent => ({ event: 'removed', host, entry: entry(host, []) });

test('a file for each service, with whose it is in the first line', async () => {
  assert.deepEqual(await take([added('a.dubbo')], { hosts: ['a.dubbo'] }), ['a.dubbo.yaml']);
  assert.equal(await readFile(join(directory, 'a.dubbo.yaml'), 'utf8'), '# Kept up to date by polywire registry watch from zk\nkind: X\n');
});

test('an equal text is not written again, another is', async () => {
  await take([added('a')], { hosts: ['a'] });
  const { ino } = await stat(join(directory, 'a.yaml'));
  await take([added('a')], { hosts: ['a'] });
  assert.equal((await stat(join(directory, 'a.yaml'))).ino, ino);
  await take([added('a', 'kind: Y\n')], { hosts: ['a'] });
  assert.deepEqual(told, ['wrote a.yaml', 'wrote a.yaml']);
});

test('a service that goes takes its file along, while every registry is current', async () => {
  await take([added('a'), added('b')], { hosts: ['a', 'b'] });
  assert.deepEqual(await take([removed('a')], { isSynced: false, hosts: ['b'] }), ['a.yaml', 'b.yaml'], 'disconnected');
  assert.deepEqual(await take([removed('a')], { unread: new Map([['/dubbo', 'missing']]), hosts: ['b'] }), ['a.yaml', 'b.yaml'], 'missing');
  assert.deepEqual(await take([removed('a')], { unread: new Map([['/dubbo/X', 'denied']]), hosts: ['b'] }), ['b.yaml']);
  assert.deepEqual(told.slice(2), ['deleted a.yaml']);
});

test('what went before this process goes at the first reading of everything', async () => {
  await take([added('old'), added('a')], { hosts: ['old', 'a'] });
  assert.deepEqual(await take([added('a')], { hosts: ['a'], isSynced: false }), ['a.yaml', 'old.yaml'], 'disconnected');
  assert.deepEqual(await take([added('a')], { hosts: ['a'], unread: new Map([['/x', 'denied']]) }), ['a.yaml', 'old.yaml'], 'denied');
  assert.deepEqual(await take([added('a')], { hosts: ['a'] }), ['a.yaml']);
});

test('a deletion that had to wait happens when the registry is current again, unless the service is back', async () => {
  const context = { isSynced: true, unread: new Map<string, string>(), hosts: ['a', 'b'] };
  const kept = await keeper(context);
  kept.take([added('a'), added('b')]);
  await kept.finish();
  context.isSynced = false;
  kept.take([removed('a'), removed('b')]);
  await kept.finish();
  kept.take([added('b')]);
  context.isSynced = true;
  kept.take([]);
  await kept.finish();
  assert.deepEqual(await readdir(directory), ['b.yaml']);
});

test('files of others stay: by hand, of other registries, and of the same name', async () => {
  await writeFile(join(directory, 'hand.yaml'), 'kind: Hand\n');
  await writeFile(join(directory, 'a.yaml'), 'kind: Hand\n');
  await take([added('other')], { hosts: ['other'] }, 'another zk');
  assert.deepEqual(await take([added('a')], { hosts: ['a'] }), ['a.yaml', 'hand.yaml', 'other.yaml']);
  assert.equal(await readFile(join(directory, 'a.yaml'), 'utf8'), 'kind: Hand\n');
  assert.deepEqual(told, ['wrote other.yaml', 'failed a.yaml was not written by polywire registry watch: it stays as it is']);
});

test('names of files are legal for every host, and no two are one', async () => {
  const long = `${'a'.repeat(60)}.`.repeat(4).slice(0, 250);
  const hosts = ['*.acme', 'x/y:1', `${long}.a`, `${long}.b`, '..', 'Foo', 'foo'];
  const files = await take(
    hosts.map((host) => added(host)),
    { hosts },
  );
  assert.equal(files.length, hosts.length);
  assert.equal(new Set(files.map((name) => name.toLowerCase())).size, hosts.length);
  for (const name of files) assert.match(name, /^(?=.{1,255}$)[a-z0-9_][a-z0-9._-]*\.yaml$/);
});

test('what a killed process left half-written is taken away', async () => {
  // No process has this number: it is above the largest that Linux gives.
  await writeFile(join(directory, '.polywire-99999999.tmp'), 'half');
  await writeFile(join(directory, `.polywire-${process.pid}.tmp`), 'of one that runs');
  assert.deepEqual(await take([]), [`.polywire-${process.pid}.tmp`]);
});

test('a file that cannot be written is reported once and does not stop the others', async () => {
  await mkdir(join(directory, 'a.yaml'));
  assert.deepEqual(await take([added('a'), added('b')], { hosts: ['a', 'b'] }), ['a.yaml', 'b.yaml']);
  assert.match(told.join('\n'), /^failed a\.yaml: EISDIR.*\nwrote b\.yaml$/);
});

test('a folder is made with those above it, and what cannot be made is refused', async () => {
  await ServiceFiles.open(join(directory, 'a/b/c'), 'zk');
  assert.ok((await stat(join(directory, 'a/b/c'))).isDirectory());
  await writeFile(join(directory, 'file'), '');
  await assert.rejects(ServiceFiles.open(join(directory, 'file'), 'zk'), { code: 'ENOTDIR' });
  await assert.rejects(ServiceFiles.open(join(directory, 'file/c'), 'zk'), { code: 'ENOTDIR' });
  const system = process.platform === 'linux' ? '/proc/polywire/c' : '\0';
  await assert.rejects(ServiceFiles.open(system, 'zk'));
});
