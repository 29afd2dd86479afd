import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { bootstrap } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { direct, type Wire } from './support/wires.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

const WIRE: Wire = { module: 'dubbo27', serialization: 'hessian2' };
const HOLD_MS = 4000;
const GUARD = { loss: '50%', hold: `${HOLD_MS}ms`, least: 3 };

describe('a registry that loses endpoints, or is not there', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let folder: string;
  let zookeeper: ZooKeeper;
  let guarded: Polywire;
  let consumer: Consumer;
  let doomed: readonly Provider[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'polywire-safety-'));
    owner.after(() => rmSync(folder, { recursive: true, force: true }));
    zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
    [guarded, consumer, , ...doomed] = await Promise.all([
      polywire({ guard: GUARD }),
      Consumer.start(owner, WIRE.module),
      provider(zookeeper.url, 'steady'),
      provider(zookeeper.shortUrl, 'one', 'two'),
      provider(zookeeper.shortUrl, 'three', 'four'),
    ]);
    await callService(guarded, /: 5 endpoints\n/);
    await consumer.refer(direct(WIRE, guarded.port, 'guarded', 'CallService'));
  });

  function polywire(safety: object): Promise<Polywire> {
    const registry = { type: 'zookeeper', address: zookeeper.address, sessionTimeout: '2s', ...safety };
    return Polywire.start(owner, { 'polywire.yaml': bootstrap({ registries: [registry] }) });
  }

  async function provider(registry: string, ...names: readonly string[]): Promise<Provider> {
    const exports = [];
    for (const name of names) exports.push({ name, port: await freePort(), serialization: WIRE.serialization });
    return Provider.start(owner, WIRE.module, { application: `peer-${names[0]}`, registry, exports });
  }

  /** Resolves when the page of registries says so of the service. */
  function callService(proxy: Polywire, said: RegExp): Promise<void> {
    return proxy.until('/registry', (page) => said.test(/^ +\S*call-service.*\n/m.exec(page)?.[0] ?? ''));
  }

  /** Leaves a file of what is known when the page of registries says so of the service. */
  async function remember(file: string, said: RegExp): Promise<void> {
    const proxy = await polywire({ lastKnownGood: file });
    await callService(proxy, said);
    await proxy.stop();
    assert.ok(existsSync(file));
  }

  async function answers(on: string, calls = 10): Promise<Set<string>> {
    const providers = new Set<string>();
    for (let call = 0; call < calls; call++) providers.add((await consumer.who(on)).provider);
    return providers;
  }

  test('each endpoint is shown with its node, its session and the time at which it was read', async () => {
    const page = await guarded.get('/registry');
    const [, session = ''] = /^zookeeper .*: synced since \S+, session (0x[0-9a-f]+), last sync/m.exec(page) ?? [];
    const endpoints = await guarded.get('/registry?service=io.polywire.peers.CallService');
    assert.equal(endpoints.match(/^ {4}origin: \/dubbo\/io\.polywire\.peers\.CallService\/providers\/dubbo%3A/gm)?.length, 5, endpoints);
    assert.equal(endpoints.match(new RegExp(`^ {4}learnt: \\S+Z in session ${session}$`, 'gm'))?.length, 5, `${page}${endpoints}`);
  });

  test('providers whose sessions all end at once, and which register again, cost no call', async () => {
    const patient = await polywire({ guard: {} });
    await callService(patient, /: 5 endpoints\n/);
    await consumer.refer(direct(WIRE, patient.port, 'patient', 'CallService'));
    const load = consumer.load({ on: 'patient', threads: 4, milliseconds: 600_000, pause: 1 });
    await zookeeper.expireSessions();
    await patient.untilLogged(/call-service\.dubbo lost \d of 5 endpoints/);
    // Dubbo tries to register again after 5 s.
    for (const each of [patient, guarded]) await callService(each, /: 5 endpoints\n/);
    await consumer.stopLoad();
    const { failures, lost, samples } = await load;
    assert.deepEqual({ failures, lost, samples }, { failures: {}, lost: 0, samples: [] });
    await patient.untilLogged(/what \S*call-service\.dubbo lost is back/);
    await patient.stop();
  });

  test('providers that are killed together are kept for a while, and then they go', async () => {
    const holds = await guarded.stat('polywire_registry_guard_holds_total');
    await Promise.all(doomed.map((each) => each.kill()));
    await callService(guarded, /: 5 endpoints, held \(guarded\)\n/);
    assert.ok((await guarded.stat('polywire_registry_guarded_endpoints')) >= 3);
    await guarded.untilLogged(/call-service\.dubbo lost \d of 5 endpoints; what vanished stays in force until 2/);
    const { byProvider, failures, calls } = await consumer.load({ on: 'guarded', calls: 200 });
    assert.deepEqual(Object.keys(byProvider), ['steady']);
    // A call that meets two of the dead in a row fails; once they refused a connection they are left alone for a while.
    const { 'RpcException/NETWORK': network = 0, ...others } = failures;
    assert.deepEqual(others, {});
    assert.ok(network < calls / 5, `${network} of ${calls} calls failed`);
    await callService(guarded, /: 1 endpoint\n/);
    await guarded.untilLogged(/the time is over for what \S*call-service\.dubbo lost: \d endpoints go/);
    assert.ok((await guarded.stat('polywire_registry_guard_holds_total')) > holds);
    // Each service has a hold of its own, and those of the others may end a moment later.
    while ((await guarded.stat('polywire_registry_guarded_endpoints')) > 0);
  });

  test('a start without ZooKeeper goes on with what was known, and takes the difference when ZooKeeper is back', async () => {
    const file = join(folder, 'last-known-good.jsonl');
    await Promise.all(doomed.map((each) => each.kill()));
    const leaving = await provider(zookeeper.shortUrl, 'leaving');
    await remember(file, /: 2 endpoints\n/);
    await zookeeper.kill();
    // Dubbo deletes its nodes and makes them anew when ZooKeeper is back: without a guard, calls of that moment find nobody.
    const second = await polywire({ lastKnownGood: file, guard: { ...GUARD, loss: '40%', least: 1 } });
    const restored = /: stale \(.*; in force is what \S+last-known-good\.jsonl says of \S+, \d+ s before the start\)/;
    await second.until('/registry', (page) => restored.test(page));
    await callService(second, /: 2 endpoints, held \(disconnected\)\n/);
    await consumer.refer(direct(WIRE, second.port, 'restored', 'CallService'));
    assert.deepEqual(await answers('restored', 20), new Set(['steady', 'leaving']));
    await leaving.kill();
    // Whoever was about to call it finds out.
    for (let call = 0; call < 5; call++) await consumer.who('restored').catch(() => undefined);
    const load = consumer.load({ on: 'restored', threads: 4, milliseconds: 600_000, pause: 1 });
    await zookeeper.restart();
    await callService(second, /: 1 endpoint\n/);
    await second.until('/registry', (body) => /: synced/.test(body));
    await consumer.stopLoad();
    const { failures, lost, samples } = await load;
    await second.stop();
    assert.deepEqual({ failures, lost, samples }, { failures: {}, lost: 0, samples: [] }, second.log);
  });

  test('a file that is broken is named, and what is whole in it is used', async () => {
    const file = join(folder, 'broken.jsonl');
    await remember(file, /: [1-9]/);
    const lines = readFileSync(file, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('echo-service'));
    lines[at] = lines[at]?.replace('127.0.0.1', '127.0.0.2') ?? '';
    writeFileSync(file, lines.join('\n'));
    await zookeeper.kill();
    const proxy = await polywire({ lastKnownGood: file });
    await proxy.untilLogged(`${file}:${at + 1}: the service in this line is left out: its checksum is wrong`);
    const page = await proxy.get('/registry');
    assert.ok(!page.includes('echo-service') && page.includes('call-service'), page);
    await proxy.stop();
    assert.equal(readFileSync(file, 'utf8'), lines.join('\n'), 'a registry that was not read changes nothing');
    writeFileSync(file, 'x');
    const foreign = await polywire({ lastKnownGood: file });
    await foreign.untilLogged(`${file} is neither used nor written to: it is no file of last known services`);
    await zookeeper.restart();
    await callService(foreign, /: [1-9]/);
    await foreign.stop();
    assert.equal(readFileSync(file, 'utf8'), 'x');
  });
});
