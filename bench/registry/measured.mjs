// The whole proxy in a process of its own, with what is measured of it. It does what run.mjs says over the channel between the two.
import diagnostics from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtInPlugins, loadConfiguration } from '../../packages/cli/dist/configuration.js';
import { createLog, ProxyServer } from '../../packages/core/dist/index.js';
import { LoopWatch } from './loop-watch.mjs';
import { ReadCounts } from './read-counts.mjs';

const [address, registry] = process.argv.slice(2);
const loop = new LoopWatch();
const reads = new ReadCounts();
const folder = mkdtempSync(join(tmpdir(), 'polywire-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('disconnect', () => process.exit());

/** Connections to ZooKeeper; the native driver's are not among them. */
const sockets = new Set();
let partitioned = false;
diagnostics.channel('net.client.socket').subscribe(({ socket }) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  if (partitioned) setImmediate(() => socket.destroy());
});

const file = join(folder, 'polywire.yaml');
writeFileSync(
  file,
  JSON.stringify({
    listeners: [{ name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'] }],
    registries: [{ type: 'zookeeper', address, ...JSON.parse(registry) }],
  }),
);
const terminal = { stdout: process.stdout, stderr: process.stderr, environment: process.env, workingDirectory: process.cwd() };
const { bootstrap, mesh, problems } = await loadConfiguration(file, terminal);
if (bootstrap === undefined || mesh === undefined) throw new Error(JSON.stringify(problems));
const log = createLog({ level: process.env.BENCH_LOG ?? 'error', format: 'json' });
const proxy = ProxyServer.create({ bootstrap, baseDirectory: folder, plugins: builtInPlugins(), mesh, log });

const source = proxy.store.source({ name: `zookeeper ${address}`, exactIdentity: true });
const { synced } = source;
let syncs = 0;
let syncedAt;
let onSynced = () => {};
source.synced = () => {
  synced.call(source);
  syncs++;
  syncedAt = process.hrtime.bigint();
  onSynced();
};

/** Of the services in use, by host: the cluster whose picker takes the calls. */
const used = new Map();
/** By interface: what find() gave, and which array of endpoints the cluster had. */
let before;
let cpu;
let seen = [];
let recording = false;
proxy.store.onChange(({ names }) => {
  if (!recording) return;
  // Taken once per change: the time at which pickers and directory are as they say.
  const at = process.hrtime.bigint();
  for (const [name, cluster] of usedAmong(names)) seen.push([name, at, endpointsOf(cluster.endpoints.map(dataOf)), true]);
  for (const name of names) {
    const [entry] = proxy.store.byHost(name);
    if (entry !== undefined) seen.push([entry.entry.identity.name, at, endpointsOf(entry.entry.endpoints), false]);
  }
});

function* usedAmong(names) {
  for (const name of names) {
    const found = used.get(name);
    if (found !== undefined) yield found;
  }
}

const dataOf = ({ endpoint }) => endpoint;
const endpointsOf = (endpoints) => endpoints.map(({ address: host, port, weight }) => `${host}:${port} ${weight}`);

const { routing } = proxy.listeners[0].protocols[0];
const { clusters } = proxy.protocols.get('dubbo');

const COMMANDS = {
  async start() {
    const from = process.hrtime.bigint();
    const first = nextSync();
    const started = proxy.start().then(() => process.hrtime.bigint());
    await first;
    const took = syncedAt - from;
    const listening = (await started) - from;
    const sinceStart = Number(syncedAt - from) / 1e6 + connectFrom;
    return { syncedMs: Number(took) / 1e6, listeningMs: Number(listening) / 1e6, sinceStartMs: sinceStart };
  },
  /** Of a registry that is away: what is known of before. */
  async startAlone() {
    await proxy.start();
    return source.status().services.length;
  },
  services: () => source.status().services.length,
  /** As requests do: services are compiled when they are first asked for. */
  use(names) {
    for (const name of names) {
      if (routing.table.find(name) === undefined) throw new Error(`no route to ${name}`);
    }
    for (const cluster of clusters.all()) {
      const name = names.find((each) => cluster.spec.dependsOn.includes(each.toLowerCase()));
      if (name === undefined || cluster.pick(0, undefined) === undefined) throw new Error(`nothing to pick in ${cluster.name}`);
      used.set(name.toLowerCase(), [name, cluster]);
    }
    return used.size;
  },
  reset() {
    reads.reset();
    loop.reset();
    cpu = process.cpuUsage();
    before = { table: routing.table, routes: new Map(), endpoints: new Map() };
    for (const [name, cluster] of used.values()) {
      before.routes.set(name, routing.table.find(name));
      before.endpoints.set(name, cluster.endpoints);
    }
  },
  report() {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage(cpu);
    const isSame = ([name]) => before.routes.get(name) === routing.table.find(name);
    return {
      rss,
      heapUsed,
      cpuMs: (user + system) / 1_000,
      reads: reads.report(),
      loop: loop.report(),
      syncs,
      tableReplaced: before !== undefined && before.table !== routing.table,
      routesCompiled: before === undefined ? 0 : [...used.values()].filter((each) => !isSame(each)).length,
      clustersReplaced: [...used.values()]
        .filter(([name, { endpoints }]) => before?.endpoints.get(name) !== endpoints)
        .map(([name]) => name),
    };
  },
  /** Memory that is in use, not what waits to be collected. */
  settle() {
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    return { rss, heapUsed, external, arrayBuffers };
  },
  record() {
    seen = [];
    recording = true;
  },
  seen() {
    recording = false;
    const all = seen;
    seen = [];
    return all;
  },
  entries() {
    const found = {};
    for (const { entry } of proxy.store.all()) found[entry.identity.name] = endpointsOf(entry.endpoints);
    return found;
  },
  async synced() {
    await nextSync();
  },
  cut() {
    for (const socket of sockets) socket.destroy();
    return sockets.size;
  },
  partition(on) {
    partitioned = on;
    if (on) for (const socket of sockets) socket.destroy();
  },
  async stop() {
    await proxy.close();
  },
};

const connectFrom = performance.now();

function nextSync() {
  return new Promise((resolve) => {
    onSynced = resolve;
  });
}

process.on('message', async ({ id, command, argument }) => {
  try {
    process.send({ id, result: await COMMANDS[command](argument) });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
  if (command === 'stop') process.disconnect();
});
process.send({ id: 0 });
