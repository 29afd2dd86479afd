// A large registry: reading it, following it, losing it. The method and its limits are in ../README.md.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ZooKeeperServer } from '../../packages/registry-zk/dist/testing/zookeeper-server.js';
import { LOAD_CORE, PROXY_CORE, pause, pinning } from '../processes.mjs';
import { fixed, table } from '../report.mjs';
import { latencies, makeChanges, quantile, stateOf, textOf, writeTimes } from './changes.mjs';
import { interfaceName, Tree } from './tree.mjs';

const HELP = `node bench/registry/run.mjs [options]
  --short            1,000 interfaces and 3 s of changes: shows that it runs
  --services N       interfaces (10000)
  --providers N      of each (5)
  --used N           services that have been called, whose pickers are watched (200)
  --rate N           changes a second (1000)
  --seconds S        of changes (20)
  --driver NAME      builtin or native (builtin)
  --registry JSON    further options of the registry: '{"governance":false}' leaves the rules out
  --safety           with a guard, and a file of what was known last
  --node-flags F     further flags of the measured process, for a profile: --node-flags=--cpu-prof
  --json FILE        also write every figure`;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    services: { type: 'string' },
    providers: { type: 'string', default: '5' },
    used: { type: 'string', default: '200' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string' },
    driver: { type: 'string', default: 'builtin' },
    registry: { type: 'string', default: '{}' },
    safety: { type: 'boolean', default: false },
    'node-flags': { type: 'string', default: '' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const services = Number(options.services ?? (options.short ? 1_000 : 10_000));
const seconds = Number(options.seconds ?? (options.short ? 3 : 20));
const [providers, usedCount, rate] = [options.providers, options.used, options.rate].map(Number);
const { driver } = options;
/** Short enough to be waited for where a session is to end. */
const SESSION_TIMEOUT_MS = 6_000;
const FLAP_MS = 8_000;
/** How long the guard keeps what is gone. */
const HOLD_MS = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'polywire-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const knownGood = join(folder, 'known.jsonl');
const safety = options.safety ? { guard: { hold: `${HOLD_MS}ms` }, lastKnownGood: knownGood } : {};
const registry = { driver, sessionTimeout: `${SESSION_TIMEOUT_MS}ms`, ...safety, ...JSON.parse(options.registry) };

/** The measured proxy: bench/registry/measured.mjs on a core of its own. */
class Measured {
  #child;
  #next = 1;
  #waiting = new Map();

  static async start(address, config = registry) {
    const flags = ['--initial-old-space-size=256', '--expose-gc', ...options['node-flags'].split(' ').filter(Boolean)];
    const command = [process.execPath, ...flags, join(import.meta.dirname, 'measured.mjs'), address, JSON.stringify(config)];
    const [file, ...args] = pinning ? ['taskset', '-c', String(PROXY_CORE), ...command] : command;
    const measured = new Measured();
    measured.#child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    const ready = new Promise((resolve, reject) => {
      measured.#waiting.set(0, { resolve, reject });
    });
    measured.#child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = measured.#waiting.get(id);
      measured.#waiting.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    });
    measured.#child.on('exit', (code) => {
      for (const { reject } of measured.#waiting.values()) reject(new Error(`the proxy ended with ${code}`));
    });
    await ready;
    return measured;
  }

  ask(command, argument) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.#child.send({ id, command, argument });
    return answer;
  }
}

const figures = {};
const rows = [];
const MIB = 1024 * 1024;

/** One part of the run: what was done, how long it took, what it asked of ZooKeeper and what it did to the event loop. */
async function part(name, proxy, action) {
  console.error(name);
  await proxy.ask('reset');
  const took = await action();
  const report = await proxy.ask('report');
  const { reads, loop, rss, heapUsed, cpuMs } = report;
  figures[name] = { took, ...report };
  const asked = reads.getChildren + reads.getNode + reads.exists;
  rows.push([
    name,
    typeof took === 'number' ? fixed(took / 1_000, 2) : '-',
    fixed(cpuMs / 1_000, 2),
    String(asked),
    String(reads.watches),
    String(reads.events),
    fixed(loop.maxMs, 0),
    fixed(loop.ownMs, 0),
    fixed(loop.gcMs, 0),
    fixed(rss / MIB, 0),
    fixed(heapUsed / MIB, 0),
  ]);
  return report;
}

async function timed(action) {
  const from = performance.now();
  await action();
  return performance.now() - from;
}

/** Whether the proxy has exactly what is registered. */
async function verify(proxy, tree) {
  const entries = await proxy.ask('entries');
  const wrong = [...tree.providers.keys()].filter((name) => stateOf(tree, name) !== textOf(entries[name] ?? []));
  if (wrong.length > 0) {
    process.exitCode = 1;
    console.error(`${wrong.length} services are not as registered, the first is ${wrong[0]}`);
  }
}

async function flap(proxy, tree, used) {
  const name = used[0];
  const report = await part('one provider restarts every second', proxy, async () => {
    for (const until = performance.now() + FLAP_MS; performance.now() < until; ) {
      await tree.remove(name);
      await pause(500);
      await tree.add(name);
      await pause(500);
    }
  });
  const others = Object.keys(report.reads.services).filter((each) => each !== name);
  figures.flap = { reads: report.reads.services[name], readsOfOthers: others.length, clustersReplaced: report.clustersReplaced.length };
}

function latencyRow(name, { times, merged }) {
  return [name, String(times.length), String(merged), ...[0.5, 0.99, 1].map((share) => fixed(quantile(times, share), 0))];
}

/** Resolves when it is so. */
async function until(isSo) {
  while (!(await isSo())) await pause(100);
}

/** A server that comes back without its data, and what keeps calls going then. */
async function wipe(proxy, server) {
  const copy = join(folder, 'copy.jsonl');
  if (options.safety) {
    await until(() => existsSync(knownGood));
    copyFileSync(knownGood, copy);
  }
  await part('server comes back without its data', proxy, () =>
    timed(async () => {
      const synced = proxy.ask('synced');
      await server.kill();
      server.wipe();
      await server.restart();
      await synced;
    }),
  );
  const kept = await proxy.ask('services');
  if (kept !== (options.safety ? services : 0)) throw new Error(`${kept} services are in force`);
  if (!options.safety) return;
  await part('the guard believes it', proxy, () => until(async () => (await proxy.ask('services')) === 0));
  await server.kill();
  const other = await Measured.start(server.address, { ...registry, lastKnownGood: copy });
  await part('start without the server', other, async () => {
    const known = await other.ask('startAlone');
    if (known !== services) throw new Error(`${known} services are known from the file`);
  });
  await other.ask('stop').catch(() => {});
}

if (pinning) execFileSync('taskset', ['-a', '-c', '-p', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' });
const server = await ZooKeeperServer.start({ flags: ['-Xmx1g', '-Xms1g', '-XX:TieredStopAtLevel=4'] });
const tree = new Tree(server.address);
const filled = await timed(() => tree.fill(services, providers));
console.error(`${services} interfaces with ${providers} providers each, written in ${fixed(filled / 1_000, 1)} s`);

const proxy = await Measured.start(server.address);
await part('first sync', proxy, async () => {
  figures.start = await proxy.ask('start');
  return figures.start.syncedMs;
});
if (options.safety) await part('the file is written', proxy, () => until(() => existsSync(knownGood)));
await verify(proxy, tree);
const used = Array.from({ length: usedCount }, (_, index) => interfaceName(Math.floor((index * services) / usedCount)));
await proxy.ask('use', used);
figures.settled = await proxy.ask('settle');

await proxy.ask('record');
let made;
await part('changes', proxy, async () => {
  made = await makeChanges(tree, { rate, seconds, services, used });
  await pause(1_000);
});
const seen = await proxy.ask('seen');
await verify(proxy, tree);
const { tableReplaced, routesCompiled } = figures.changes;
const latencyRows = [
  latencyRow("to ZooKeeper's own answer", writeTimes(made.changes)),
  latencyRow('to the directory, all services', latencies(made.changes, seen, false)),
  latencyRow(`to the picker, ${usedCount} services in use`, latencies(made.changes, seen, true, used)),
];

await flap(proxy, tree, used);
if (driver === 'builtin') {
  await part('reconnect, same session', proxy, () =>
    timed(async () => {
      const synced = proxy.ask('synced');
      await proxy.ask('cut');
      await synced;
    }),
  );
  await part('reconnect, new session', proxy, async () => {
    const synced = proxy.ask('synced');
    await proxy.ask('partition', true);
    await pause(SESSION_TIMEOUT_MS * 1.5);
    await proxy.ask('partition', false);
    return timed(() => synced);
  });
}
await part('server killed and started again', proxy, () =>
  timed(async () => {
    const synced = proxy.ask('synced');
    await server.kill();
    await server.restart();
    await synced;
  }),
);
await verify(proxy, tree);
figures.settledAtEnd = await proxy.ask('settle');
await wipe(proxy, server);

console.log(
  `${cpus()[0].model}, Node ${process.versions.node}, ${driver} driver, ${services} interfaces with ${providers} providers each\n`,
);
console.log(table(['', 's', 'CPU s', 'reads', 'watches', 'events', 'loop max ms', 'own ms', 'gc ms', 'RSS MiB', 'heap MiB'], rows));
console.log(`\n${table([`${fixed(made.rate, 0)} changes a second`, 'seen', 'merged', 'p50 ms', 'p99 ms', 'max ms'], latencyRows)}`);
const { start, settled, settledAtEnd, flap: flapping } = figures;
console.log(`
first sync ${fixed(start.syncedMs / 1_000, 2)} s after start(), ${fixed(start.sinceStartMs / 1_000, 2)} s after the process began; listening after ${fixed(start.listeningMs / 1_000, 2)} s
after a collection: RSS ${fixed(settled.rss / MIB, 0)} MiB, heap ${fixed(settled.heapUsed / MIB, 0)} MiB; at the end RSS ${fixed(settledAtEnd.rss / MIB, 0)} MiB, heap ${fixed(settledAtEnd.heapUsed / MIB, 0)} MiB
changes: route table replaced ${tableReplaced ? 'yes' : 'no'}, routes compiled again ${routesCompiled}
restarting provider: ${flapping.reads} reads of its own interface, ${flapping.readsOfOthers} other interfaces read, ${flapping.clustersReplaced} of the clusters in use replaced`);
if (options.json)
  writeFileSync(
    options.json,
    JSON.stringify({ figures, rate: made.rate }, (_, value) => (typeof value === 'bigint' ? Number(value) : value), 2),
  );
await proxy.ask('stop').catch(() => {});
await tree.close();
await server.dispose();
