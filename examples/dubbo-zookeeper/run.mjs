// The whole example without a hand on it: builds, starts everything on free ports of 127.0.0.1, shows who answers, ends everything.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const EXAMPLE = fileURLToPath(new URL('.', import.meta.url));
const POLYWIRE = fileURLToPath(new URL('../../packages/cli/bin/polywire.js', import.meta.url));
const LINES_SHOWN = 4; // of each consumer, 100 calls a line
const SECONDS_TO_WAIT = 60;
const SECONDS_TO_END = 5;

const folder = mkdtempSync(join(tmpdir(), 'dubbo-zookeeper-'));
const started = [];

/** Starts a program. `line(pattern)` resolves with the next line it prints that matches, and fails when there is none in time. */
function start(name, command, args, env = {}) {
  const child = spawn(command, args, { cwd: EXAMPLE, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (bytes) => {
      said = `${said}${bytes}`.slice(-4000);
    });
  }
  const lines = createInterface({ input: child.stdout });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const failure = (what) => new Error(`${name}: ${what}\n${said}`);
  const line = (pattern) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(failure(`nothing like ${pattern} in ${SECONDS_TO_WAIT} s`)), SECONDS_TO_WAIT * 1000);
      lines.on('line', function look(text) {
        if (!pattern.test(text)) return;
        lines.off('line', look);
        clearTimeout(late);
        resolve(text);
      });
      ended.then((how) => {
        clearTimeout(late);
        reject(failure(how));
      });
    });
  const program = { child, ended, failure, line };
  started.push(program);
  return program;
}

const java = (name, ...args) => start(name, 'java', [`-Duser.home=${folder}`, '@demo.args', ...args]);

/**
 * Free ports below those that systems give to outgoing connections and to whoever asks for any: what is to listen on these is not up yet.
 */
async function freePorts(count) {
  const ports = [];
  for (let port = 3000 + Math.floor(Math.random() * 5000); ports.length < count; port++) {
    const server = createServer().listen(port);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    ports.push(port);
    await once(server.close(), 'close');
  }
  return ports;
}

/** Waits until a page of Polywire's admin listener says so. */
async function until(page, says) {
  for (const deadline = Date.now() + SECONDS_TO_WAIT * 1000; ; await wait(100)) {
    const text = await (await fetch(page)).text();
    if (says(text)) return;
    if (Date.now() > deadline) throw new Error(`${page} still says:\n${text}`);
  }
}

/** Prints some lines of each consumer, but for the one that was under way. */
async function show(title, consumers) {
  console.log(`\n${title}`);
  await Promise.all(consumers.map((consumer) => consumer.line(/./)));
  for (let i = 0; i < LINES_SHOWN; i++) {
    for (const line of await Promise.all(consumers.map((consumer) => consumer.line(/./)))) console.log(`  ${line}`);
  }
}

async function main() {
  if (!existsSync(join(POLYWIRE, '../../dist/main.js')))
    throw new Error('build Polywire first, in its own folder: npx --yes pnpm@10 build');
  console.log('building the Dubbo services with Maven (the first time it downloads their libraries)');
  const maven = start('mvn package', 'mvn', ['-q', '-B', 'package']);
  const how = await maven.ended;
  if (how !== 'exit code 0') throw maven.failure(`${how}; it needs Maven and a JDK, 17 or newer`);

  const [zookeeperPort, v1Port, v2Port] = await freePorts(3);
  const registry = `zookeeper://127.0.0.1:${zookeeperPort}`;
  const zookeeperFile = join(folder, 'zookeeper.cfg');
  const zookeeperText = readFileSync(join(EXAMPLE, 'zookeeper.cfg'), 'utf8');
  writeFileSync(zookeeperFile, zookeeperText.replace('2181', zookeeperPort).replace('./target', folder));
  for (const name of ['polywire.yaml', 'mesh']) cpSync(join(EXAMPLE, name), join(folder, name), { recursive: true });

  java('ZooKeeper', 'org.apache.zookeeper.server.ZooKeeperServerMain', zookeeperFile);
  const v1 = java('v1', 'demo.Provider', 'v1', v1Port, registry);
  const v2 = java('v2', 'demo.Provider', 'v2', v2Port, registry, 'gray');
  const polywire = start('polywire', process.execPath, [POLYWIRE, 'run', '-c', join(folder, 'polywire.yaml')], {
    RPC: '127.0.0.1:0',
    ADMIN: '127.0.0.1:0',
    ZOOKEEPER: `127.0.0.1:${zookeeperPort}`,
  });
  const [ready] = await Promise.all([polywire.line(/ready/), v1.line(/answers/), v2.line(/answers/)]);
  console.log(ready);
  const [, rpc, admin] = /rpc (\S+), admin (\S+)/.exec(ready);
  await until(`${admin}/registry`, (text) => text.includes('2 endpoints'));

  const consumer = (...address) => java('consumer', 'demo.Consumer', ...address);
  const consumersOf = (address) => [consumer(address), consumer(address, '--tag', 'gray')];
  const consumers = consumersOf(`dubbo://${rpc}`);
  await show('tagged calls go to v2, all others to v1:', consumers);

  const routes = join(folder, 'mesh/demo.yaml');
  const routesText = readFileSync(routes, 'utf8');
  writeFileSync(routes, routesText.replace('weight: 100', 'weight: 90').replace('weight: 0', 'weight: 10'));
  await until(`${admin}/stats`, (text) => /config_reloads_total\{result="taken"\} [1-9]/.test(text));
  await show('weights 90 and 10 in mesh/demo.yaml:', consumers);
  await Promise.all(consumers.map(stop));

  await until(`${admin}/publish`, (text) => /DemoService.*published/.test(text));
  const through = consumersOf(`${registry}?group=polywire`);
  await show('consumers that find Polywire in ZooKeeper, with group=polywire:', through);
  await Promise.all(through.map(stop));
  await show('and without it again, asking ZooKeeper for the services themselves:', [consumer(registry)]);
}

async function stop({ child, ended }) {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), SECONDS_TO_END * 1000);
  await ended;
  clearTimeout(late);
}

/** Ends what was started, last first. */
async function end() {
  for (const program of started.reverse()) await stop(program);
  rmSync(folder, { recursive: true, force: true });
}

const stopped = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(new Error(`stopped by ${signal}`)));
});
const failure = await Promise.race([main().catch((error) => error), stopped]);
if (failure !== undefined) {
  console.error(failure.message);
  process.exitCode = 1;
}
await end();
