import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';
import { suiteOwner } from './support/owner.ts';
import { Provider } from './support/peers.ts';
import { freePort } from './support/ports.ts';
import { RegistryCommands, type RunningCommand } from './support/registry-command.ts';
import { createPath, RECORDED_NODES, testClient, type ZkClient } from './support/registry-kit.ts';
import { requireJava } from './support/requirements.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

const FLEET = 'com.acme.api.Fleet';
const DUBBO_HOST = 'com.acme.api.fleet.1-0-g.dubbo';
const SOFA_HOST = 'com.acme.api.fleet.1-0-u1.sofarpc';
const CALL_HOST = 'io.polywire.peers.call-service.dubbo';

interface Told {
  readonly event: string;
  readonly host?: string;
  readonly resource?: { readonly spec: { readonly endpoints?: readonly { readonly weight: number }[] } };
}

describe('what registries say, as Istio resources', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  const commands = new RegistryCommands(owner);
  let zookeeper: ZooKeeper;
  let zk: ZkClient;
  /** Resolves at its next connection. */
  let connects: () => Promise<unknown>;
  let reach: string[];

  before(async () => {
    zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
    const exports = [{ name: 'real', port: await freePort(), weight: 200 }];
    const [provider] = await Promise.all([
      Provider.start(owner, 'dubbo27', { application: 'real', registry: zookeeper.url, exports }),
      connect(),
    ]);
    assert(provider);
    reach = ['--zookeeper', zookeeper.address, '--layout', 'dubbo,sofarpc'];
    await createPath(zk, `/sofa-rpc/${FLEET}/providers/${RECORDED_NODES.sofa}`);
  });

  /** Its nodes stay when the server dies. */
  async function connect(): Promise<void> {
    const { client, reports } = testClient(zookeeper.address);
    zk = client;
    connects = () => reports.next(({ kind }) => kind === 'connected');
    owner.after(() => client.close());
  }

  const node = (name: string): string => `/dubbo/${FLEET}/providers/${name}`;
  const events = ({ stdout }: { stdout: string }): Told[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const heard = (event: string, host?: string) => (command: RunningCommand) =>
    events(command).some((told) => told.event === event && told.host === host);
  const file = (folder: string, host: string): string => join(commands.folder, folder, `${host}.yaml`);

  test('a dump shows every layout asked for, as resources that can be used', async () => {
    await createPath(zk, node(RECORDED_NODES.dubbo27));
    const { code, stdout, stderr } = await commands.run(['dump', ...reach]);
    assert.deepEqual([code, stderr], [0, '']);
    const resources = parseAllDocuments(stdout).map((document) => document.toJS());
    assert.deepEqual(
      resources.map(({ spec }) => spec.hosts[0]),
      [DUBBO_HOST, SOFA_HOST, ...resources.slice(2).map(({ spec }) => spec.hosts[0])],
    );
    const real = resources.find(({ spec }) => spec.hosts[0] === CALL_HOST);
    assert.equal(real.spec.endpoints[0].weight, 200);
    assert.deepEqual(real.spec.ports, [{ name: 'dubbo', number: 20880, protocol: 'TCP' }]);
    const dubboAlone = await commands.run(['dump', '--zookeeper', zookeeper.address, '--root', 'elsewhere', '--layout', 'dubbo']);
    assert.deepEqual([dubboAlone.code, dubboAlone.stdout], [0, '']);
    assert.match(dubboAlone.stderr, /^warning: \/elsewhere is not there; see --root/);
    await zk.delete(node(RECORDED_NODES.dubbo27));
  });

  test('the services of a Dubbo 3 application are asked of its provider', async () => {
    const exports = [{ name: 'three', port: await freePort(), group: 'three' }];
    const settings = { application: 'three', registry: zookeeper.url, registerMode: 'instance', exports } as const;
    const watch = commands.start(['watch', '--zookeeper', zookeeper.address, '--output', 'json']);
    const provider = await Provider.start(owner, 'dubbo3', settings);
    await watch.until(heard('added', 'io.polywire.peers.call-service.0-0-0-three.dubbo'));
    await provider.stop();
    watch.signal('SIGTERM');
    assert.equal((await watch.ended).code, 0);
  });

  test('a watch prints what is there and each change once, and ends in order', async () => {
    const watch = commands.start(['watch', ...reach, '--output', 'json']);
    await watch.until(heard('synced'));
    assert(heard('added', CALL_HOST)(watch) && heard('added', SOFA_HOST)(watch));
    await createPath(zk, node(RECORDED_NODES.dubbo26));
    await watch.until(heard('added', DUBBO_HOST));
    await zk.delete(node(RECORDED_NODES.dubbo26));
    await watch.until((command) => events(command).filter(({ host }) => host === DUBBO_HOST).length === 2);
    await zk.delete(`/dubbo/${FLEET}/providers`);
    await watch.until(heard('removed', DUBBO_HOST));
    const ofFleet = events(watch).filter(({ host }) => host === DUBBO_HOST);
    assert.deepEqual(
      ofFleet.map(({ event, resource }) => [event, resource?.spec.endpoints?.length]),
      [
        ['added', 1],
        ['changed', undefined],
        ['removed', undefined],
      ],
    );
    watch.signal('SIGTERM');
    assert.equal((await watch.ended).code, 0);
  });

  test('a watch in YAML is a stream of documents, and ends when nobody reads it', async () => {
    const watch = commands.start(['watch', ...reach]);
    await watch.until(({ stdout }) => stdout.includes('# synced'));
    const hosts = parseAllDocuments(watch.stdout).map((document) => document.toJS().spec.hosts[0]);
    assert.deepEqual(hosts, [...hosts].sort());
    assert(hosts.includes(SOFA_HOST) && hosts.includes(CALL_HOST));
    watch.stopReading();
    await createPath(zk, node(RECORDED_NODES.dubbo26));
    assert.equal((await watch.ended).code, 0);
    await zk.delete(node(RECORDED_NODES.dubbo26));
  });

  test('a directory follows what comes, changes and goes, and nothing that others wrote in it', async () => {
    mkdirSync(join(commands.folder, 'live'));
    const foreign = file('live', 'hand-written');
    const byHand = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: by-hand }\n';
    writeFileSync(foreign, byHand);
    await createPath(zk, node(RECORDED_NODES.dubbo26));
    const watch = commands.start(['watch', ...reach, '--directory', 'live']);
    await watch.until(({ stdout }) => stdout.includes(`wrote ${file('live', DUBBO_HOST)}\n`));
    const former = readFileSync(file('live', DUBBO_HOST), 'utf8');
    await createPath(zk, node(RECORDED_NODES.dubbo27));
    await watch.until(({ stdout }) => stdout.split(DUBBO_HOST).length === 3);
    assert.notEqual(readFileSync(file('live', DUBBO_HOST), 'utf8'), former);
    await Promise.all([zk.delete(node(RECORDED_NODES.dubbo26)), zk.delete(node(RECORDED_NODES.dubbo27))]);
    await zk.delete(`/dubbo/${FLEET}/providers`);
    await watch.until(({ stdout }) => stdout.includes(`deleted ${file('live', DUBBO_HOST)}\n`));
    assert(!existsSync(file('live', DUBBO_HOST)));
    assert.equal(readFileSync(foreign, 'utf8'), byHand);
    assert.deepEqual(
      readdirSync(join(commands.folder, 'live')).filter((name) => name.endsWith('.tmp')),
      [],
    );
    const { code, stdout } = await commands.run(['diff', 'live', ...reach]);
    assert.equal(code, 0, stdout);
    watch.signal('SIGINT');
    assert.equal((await watch.ended).code, 0);
  });

  test('a diff says what a new dump would change, and by its exit code whether', async () => {
    const dump = await commands.run(['dump', ...reach]);
    writeFileSync(join(commands.folder, 'services.yaml'), dump.stdout);
    const same = await commands.run(['diff', 'services.yaml', ...reach]);
    assert.deepEqual([same.code, same.stderr], [0, '']);
    assert.match(same.stdout, /^no difference; \d+ services are the same\n$/);
    assert.equal((await commands.run(['diff', '-', ...reach], dump.stdout)).code, 0);

    await createPath(zk, node(RECORDED_NODES.dubbo27));
    const older = dump.stdout
      .replaceAll('weight: 200\n', 'weight: 100\n')
      .replaceAll('application: real\n', 'environment: old\n')
      .replaceAll(SOFA_HOST, 'com.acme.gone.sofarpc');
    const different = await commands.run(['diff', '-', ...reach], older);
    assert.equal(different.code, 1);
    const lines = different.stdout.split('\n');
    assert(lines.includes(`+ ${DUBBO_HOST}`) && lines.includes(`+ ${SOFA_HOST}`) && lines.includes('- com.acme.gone.sofarpc'));
    assert.match(different.stdout, /^ {2}\+ 127\.0\.0\.1:21127 {2}weight \d+ .* dubbo\.tag=gray/m);
    assert.match(different.stdout, /^ {2}~ \S+ {2}weight 100 -> 200, application real \(new\), environment old \(gone\)$/m);
    assert.match(different.stdout, /^2 added, 3 changed, 1 removed; 0 services are the same$/m);
    const json = await commands.run(['diff', '-', ...reach, '--output', 'json'], older);
    const report = JSON.parse(json.stdout);
    assert.deepEqual([json.code, report.different, report.services[0].host, report.services[0].change], [1, true, DUBBO_HOST, 'added']);
    await zk.delete(node(RECORDED_NODES.dubbo27));
  });

  test('a diff without a file compares the resources of the bootstrap', async () => {
    const dump = await commands.run(['dump', ...reach]);
    const registries = [{ type: 'zookeeper', address: zookeeper.address, layouts: ['dubbo', 'sofarpc'] }];
    const listeners = [{ name: 'in', address: '127.0.0.1:0', protocols: ['dubbo'] }];
    writeFileSync(join(commands.folder, 'polywire.yaml'), stringify({ listeners, registries, resources: ['services.yaml'] }));
    writeFileSync(join(commands.folder, 'services.yaml'), dump.stdout);
    assert.equal((await commands.run(['diff'])).code, 0);
    writeFileSync(join(commands.folder, 'services.yaml'), '');
    assert.equal((await commands.run(['diff'])).code, 1);
    assert.equal((await commands.run(['diff', 'services.yaml'])).code, 1);
    assert.equal((await commands.run(['dump'])).stdout, dump.stdout);
  });

  test('what cannot be read is told apart from what differs', async () => {
    const missing = await commands.run(['diff', 'nowhere.yaml', ...reach]);
    assert.deepEqual([missing.code, missing.stderr], [2, 'polywire: nowhere.yaml cannot be read: there is no such file\n']);
    const broken = await commands.run(['diff', '-', ...reach], 'apiVersion: networking.istio.io/v1\nkind: [ServiceEntry\n');
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /^error standard input:\d+:\d+: /);
    const nameless = await commands.run(['diff', '-', ...reach], 'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\n');
    assert.match(nameless.stderr, /^error standard input:1:1: the resource needs metadata\.name/);

    const nowhere = ['--zookeeper', '127.0.0.1:1', '--timeout', '300ms'];
    const unreachable = await commands.run(['diff', '-', ...nowhere]);
    assert.deepEqual([unreachable.code, unreachable.stdout], [3, '']);
    assert.match(unreachable.stderr, /^error: zookeeper 127\.0\.0\.1:1 was not read within 0\.3 s/);
    const lost = await commands.run(['diff', '-', ...reach, '--root', '/lost'], (await commands.run(['dump', ...reach])).stdout);
    assert.equal(lost.code, 3);
    assert.match(lost.stdout, /^\? io\.polywire\.peers\.call-service\.dubbo {2}not announced, and not known to be gone$/m);
    assert.doesNotMatch(lost.stdout, /^-/m);

    const unknown = await commands.run(['watch', ...reach, '--layout', 'nacos']);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /"nacos" is unknown; there is dubbo, /);
    assert.equal((await commands.run(['dump', '--layout', 'motan'])).code, 2);
    assert.equal((await commands.run(['diff', ...reach])).code, 2);
    writeFileSync(join(commands.folder, 'file'), '');
    assert.equal((await commands.run(['watch', ...reach, '--directory', 'file'])).code, 1);
  });

  // The last one: its provider registers anew some time after ZooKeeper is back.
  test('a registry that dies costs no file, and what went meanwhile goes when it is back', async () => {
    await createPath(zk, node(RECORDED_NODES.dubbo26));
    const watch = commands.start(['watch', ...reach, '--directory', 'outage', '--output', 'json']);
    await watch.until(heard('synced'));
    const kept = () => existsSync(file('outage', DUBBO_HOST)) && existsSync(file('outage', SOFA_HOST));
    await watch.until(kept);
    const back = connects();
    await zookeeper.kill();
    await watch.until(heard('stale'));
    assert(kept());
    await watch.until(({ stderr }) => /warning: zookeeper .* is away: .*; what it announced stays, and it is tried again/.test(stderr));
    await zookeeper.restart();
    await watch.until((command) => events(command).filter(({ event }) => event === 'synced').length >= 2);
    await back;
    await zk.delete(node(RECORDED_NODES.dubbo26));
    await zk.delete(`/dubbo/${FLEET}/providers`);
    await watch.until(heard('removed', DUBBO_HOST));
    watch.signal('SIGTERM');
    assert.equal((await watch.ended).code, 0);
    assert(!existsSync(file('outage', DUBBO_HOST)));

    // What goes while nobody watches goes at the next full reading, and not before.
    writeFileSync(file('outage', 'gone.dubbo'), readFileSync(file('outage', SOFA_HOST), 'utf8'));
    await zookeeper.kill();
    const blind = commands.start(['watch', ...reach, '--directory', 'outage', '--timeout', '300ms']);
    await blind.until(({ stderr }) => stderr.includes('was not read within 0.3 s'));
    await blind.until(({ stderr }) => /warning: zookeeper .* is away: /.test(stderr));
    assert(!blind.stderr.includes('what it announced'), blind.stderr);
    assert(existsSync(file('outage', 'gone.dubbo')));
    await zookeeper.restart();
    await blind.until(({ stdout }) => stdout.includes(`deleted ${file('outage', 'gone.dubbo')}\n`));
    assert.deepEqual(
      blind.stdout.split('\n').filter((line) => line.startsWith('wrote') && line.includes(SOFA_HOST)),
      [],
      'what is as it was is not written again',
    );
    blind.signal('SIGTERM');
    assert.equal((await blind.ended).code, 0);
  });
});
