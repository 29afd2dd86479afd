import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { before, describe, test } from 'node:test';
import { ApplicationMesh, applicationFiles } from './support/application-mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { type Export, Provider, type ProviderSettings } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { createPath, testClient } from './support/registry-kit.ts';
import { requireJava } from './support/requirements.ts';
import { LONG_SESSION, ZooKeeper } from './support/zookeeper.ts';

/** Each test has a group of its own. */
const TRI_GROUPS = ['tri', 'shared'];

describe('Dubbo 3 applications whose metadata are not in ZooKeeper', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let zookeeper: ZooKeeper;
  let mesh: ApplicationMesh;
  const providers = new Map<string, Provider>();

  before(async () => {
    zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
    [mesh] = await Promise.all([
      ApplicationMesh.start(owner, zookeeper, TRI_GROUPS),
      provider('one', { group: 'one' }),
      provider('two', { group: 'two' }),
      provider('tri', { group: 'tri', protocol: 'tri' }),
      provider('shared', { group: 'shared', parameters: { 'ext.protocol': 'tri' } }),
    ]);
  });

  /** Dubbo's defaults, but for the level at which it registers. */
  async function provider(name: string, settings: Omit<Export, 'name' | 'port'>, application = `app-${name}`): Promise<Provider> {
    const port = await freePort();
    const exports = [{ name, port, ...settings }];
    const described = { application, registry: zookeeper.url, registerMode: 'instance', exports } as const;
    // As where a protocol is configured for the whole application: the MetadataService is on its port.
    const properties = { 'dubbo.protocol.name': settings.protocol ?? 'dubbo', 'dubbo.protocol.port': String(port) };
    const started = await Provider.start(owner, 'dubbo3', described, properties);
    providers.set(name, started);
    return started;
  }

  /** A socket that takes connections and says nothing. */
  async function silentAddress(host: string): Promise<AddressInfo> {
    const silent = createServer().listen(0, host);
    owner.after(() => void silent.close());
    await once(silent, 'listening');
    return silent.address() as AddressInfo;
  }

  test('an application is asked over dubbo for what it serves', async () => {
    await mesh.endpoints(1, 'one');
    assert.deepEqual(await mesh.answering('one'), ['one']);
  });

  test('one that speaks Triple only is asked over Triple', async () => {
    await mesh.endpoints(1, 'tri', 'tri');
    assert.deepEqual(await mesh.answering('tri', 'tri'), ['tri']);
  });

  test('one with both protocols on one port', async () => {
    await mesh.endpoints(1, 'shared');
    await mesh.endpoints(1, 'shared', 'tri');
    assert.deepEqual([await mesh.answering('shared'), await mesh.answering('shared', 'tri')], [['shared'], ['shared']]);
  });

  test('what an instance adds is asked for by its new revision, and what it takes back goes', async () => {
    const one = providers.get('one');
    await one?.export({ name: 'added', port: await freePort(), group: 'added' });
    await mesh.endpoints(1, 'added');
    await mesh.endpoints(1, 'one');
    assert.deepEqual(await mesh.answering('added'), ['added']);
    await one?.unexport('added');
    await mesh.endpoints(0, 'added');
    assert.deepEqual(await mesh.answering('one'), ['one']);
  });

  test('in a rolling upgrade each instance serves what its own revision has', async () => {
    await provider('old', { group: 'rolling' }, 'app-rolling');
    await mesh.endpoints(1, 'rolling');
    const next = await provider('new', { group: 'rolling' }, 'app-rolling');
    await mesh.endpoints(2, 'rolling');
    await next.export({ name: 'only new', port: await freePort(), group: 'only-new' });
    await mesh.endpoints(1, 'only-new');
    assert.deepEqual(await mesh.answering('rolling', 'dubbo', 24), ['new', 'old']);
    await providers.get('old')?.stop();
    await mesh.endpoints(1, 'rolling');
    assert.deepEqual(await mesh.answering('rolling'), ['new']);
  });

  test('an application of Dubbo 2.7 is asked for the URLs of its providers', async () => {
    const exports = [{ name: 'old27', port: await freePort(), group: 'old27' }];
    const settings: ProviderSettings = { application: 'app-27', registry: zookeeper.url, exports };
    const provider27 = await Provider.startApplication27(owner, settings);
    await mesh.endpoints(1, 'old27');
    assert.deepEqual(await mesh.answering('old27'), ['old27']);
    await provider27.stop();
    await mesh.endpoints(0, 'old27');
  });

  test('instances that take connections and never answer hold up neither their own application nor others', async () => {
    await mesh.endpoints(1, 'two');
    const [known, unknown] = [await silentAddress('127.0.0.2'), await silentAddress('127.0.0.3')];
    const { client } = testClient(zookeeper.address);
    owner.after(() => client.close());
    const [name = ''] = await client.getChildren('/services/app-two', false);
    const node = (await client.getData(`/services/app-two/${name}`, false)).toString();
    const frozen = ({ address, port }: AddressInfo): string =>
      node.replaceAll('127.0.0.1', address).replace(/(url-params.*?port[\\":]*)\d+/, `$1${port}`);
    // Of the revision of one that answers.
    await createPath(client, `/services/app-two/${known.address}:0`, true, Buffer.from(frozen(known)));
    // Of one that nobody else has, at an address where nothing else is announced: there the silence is worth a warning.
    const alone = frozen(unknown).replace(/(revision":")\w+/, '$1of-its-own');
    await createPath(client, `/services/app-frozen/${unknown.address}:0`, true, Buffer.from(alone));
    const second = await Polywire.start(owner, applicationFiles(zookeeper, TRI_GROUPS));
    await second.until('/registry', (page) => /0-0-0-one\.dubbo: 1 endpoint/.test(page) && /0-0-0-two\.dubbo: 2 endpoints/.test(page));
    const held = /held back instance \/services\/app-frozen\/127\.0\.0\.3:0: .* over dubbo: 127\.0\.0\.3:\d+: no answer within 3000 ms/;
    await second.until('/registry', () => held.test(second.log));
  });
});
