import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ApplicationMesh } from './support/application-mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { type Export, Provider, type ProviderSettings } from './support/peers.ts';
import { freePort, freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { ZooKeeper } from './support/zookeeper.ts';

/** Each test has a group of its own. */
const TRI_GROUPS = ['ports', 'shared'];

describe('Dubbo 3 applications in ZooKeeper', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let zookeeper: ZooKeeper;
  let mesh: ApplicationMesh;
  const providers = new Map<string, Provider>();

  before(async () => {
    zookeeper = await ZooKeeper.start(owner);
    const remote = { 'dubbo.application.metadata-type': 'remote', 'dubbo.metadata-report.address': zookeeper.url };
    const [port = 0, triPort = 0, shared = 0, level = 0] = await freePorts(4);
    const ports: Export[] = [
      { name: 'ports', port, group: 'ports' },
      { name: 'ports-tri', port: triPort, group: 'ports', protocol: 'tri' },
      { name: 'shared', port: shared, group: 'shared', parameters: { 'ext.protocol': 'tri' } },
      { name: 'instance', port: level, group: 'levels' },
    ];
    const one = async (name: string, group: string): Promise<Export[]> => [{ name, port: await freePort(), group }];
    [mesh] = await Promise.all([
      ApplicationMesh.start(owner, zookeeper, TRI_GROUPS),
      provider('instance', ports, remote),
      provider('interface', await one('interface', 'levels')),
      provider('all', await one('all', 'levels'), remote),
    ]);
  });

  /** An application of its own, named as its first export. */
  async function provider(
    registerMode: NonNullable<ProviderSettings['registerMode']>,
    exports: readonly Export[],
    properties: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const name = exports[0]?.name ?? '';
    const settings: ProviderSettings = { application: `app-${name}`, registry: zookeeper.url, registerMode, exports };
    providers.set(name, await Provider.start(owner, 'dubbo3', settings, properties));
  }

  test('an application with two protocols on two ports is called over both, until it takes one back', async () => {
    await mesh.endpoints(1, 'ports');
    await mesh.endpoints(1, 'ports', 'tri');
    assert.deepEqual([await mesh.answering('ports'), await mesh.answering('ports', 'tri')], [['ports'], ['ports-tri']]);
    await providers.get('ports')?.unexport('ports-tri');
    await mesh.endpoints(0, 'ports', 'tri');
    await mesh.endpoints(1, 'ports');
  });

  test('two protocols on one port', async () => {
    await mesh.endpoints(1, 'shared');
    await mesh.endpoints(1, 'shared', 'tri');
    assert.deepEqual([await mesh.answering('shared'), await mesh.answering('shared', 'tri')], [['shared'], ['shared']]);
  });

  test('providers by application, by interface and by both are endpoints of one service, each once', async () => {
    await mesh.endpoints(3, 'levels');
    assert.deepEqual(await mesh.answering('levels', 'dubbo', 30), ['all', 'instance', 'interface']);
    await providers.get('all')?.stop();
    await mesh.endpoints(2, 'levels');
    await providers.get('ports')?.kill();
    await mesh.endpoints(1, 'levels');
    assert.deepEqual(await mesh.answering('levels'), ['interface']);
  });
});
