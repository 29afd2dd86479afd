import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CodecCore } from '../protocol/spi.ts';
import { NOT_REACHED } from '../protocol/spi.ts';
import { loadPlugin } from './loader.ts';
import { PluginRegistry } from './plugin-registry.ts';

const CORE: CodecCore = {
  intern: (chunk, from, to) => chunk.toString('latin1', from, to),
};

let folder = '';

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'polywire-plugins-')));
});

after(() => rm(folder, { recursive: true }));

async function load(specifier: string, source?: string): Promise<PluginRegistry> {
  if (source !== undefined) await writeFile(join(folder, specifier), source);
  const registry = new PluginRegistry(CORE);
  await loadPlugin(specifier, registry, { baseDirectory: folder });
  return registry;
}

const BODY = `{ name: 'p', spiVersion: SPI_VERSION, filters: [{ name: 'mine', marker: NOT_REACHED, create() {} }] }`;

test('a file in a folder without packages imports the interfaces of the running installation', async () => {
  const registry = await load(
    './good.js',
    `import { NOT_REACHED, SPI_VERSION } from '@polywire/core/spi';\nexport const plugin = ${BODY};\n`,
  );
  const filter = registry.filters.get('mine');
  assert.ok(filter !== undefined && 'marker' in filter);
  assert.equal(filter.marker, NOT_REACHED);
});

test('a package is looked up from the folder of the bootstrap file', async () => {
  const home = join(folder, 'node_modules', 'some-codec');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'package.json'), '{"name":"some-codec","type":"module","exports":{"import":"./main.js"}}');
  await writeFile(
    join(home, 'main.js'),
    `import { NOT_REACHED, SPI_VERSION } from '@polywire/core/spi';\nexport const plugin = ${BODY};\n`,
  );
  assert.ok((await load('some-codec')).filters.has('mine'));
});

test('what cannot be loaded is refused with the reason', async () => {
  const cases: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['./missing.js', undefined, /there is no file .*missing\.js$/],
    ['.', undefined, /is not a file; name the module in it/],
    ['no-such-codec', undefined, /no package of this name is installed at /],
    ['./empty.js', 'export const other = 1;', /exports no "plugin"/],
    ['./old.js', 'export const plugin = { name: "p", spiVersion: 0 };', /written for version 0 .* has version 1/],
    ['./throws.js', '\n\nthrow new Error("no license");', /throws\.js:3: no license$/],
    ['./throws-text.js', 'throw "text";', /it threw text$/],
    ['./syntax.js', '\nexport const plugin = {;', /syntax\.js:2: Unexpected token/],
    [
      './name.js',
      `\nimport { NAME } from './empty.js';\nexport const plugin = NAME;`,
      /name\.js:2: .*does not provide an export named 'NAME'$/,
    ],
    [
      './imports.js',
      'import "lost-package"; export const plugin = 1;',
      /cannot be loaded: Cannot find package 'lost-package' imported from .*imports\.js/,
    ],
    ['./types.ts', 'export const plugin: number = 1;', /no TypeScript compiler is at hand/],
  ];
  for (const [specifier, source, reason] of cases) await assert.rejects(load(specifier, source), { name: 'ConfigError', message: reason });
});

test('a package that another one needs is told apart from the plugin itself', async () => {
  const home = join(folder, 'node_modules', 'needs-more');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'package.json'), '{"name":"needs-more","type":"module","exports":"./main.js"}');
  await writeFile(join(home, 'main.js'), `import 'not-here';\nexport const plugin = 1;\n`);
  await assert.rejects(load('needs-more'), /Cannot find package 'not-here' imported from .*needs-more.main\.js$/);
});
