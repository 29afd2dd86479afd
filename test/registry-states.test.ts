import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { boltBootstrap, toBolt } from './support/bolt-mesh.ts';
import { bootstrap } from './support/mesh.ts';
import { type Owner, suiteOwner } from './support/owner.ts';
import { Consumer, type DubboModule, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { testClient, type ZkClient, ZooKeeperServer } from './support/registry-kit.ts';
import { requireJava } from './support/requirements.ts';
import { SofaConsumer, SofaProvider } from './support/sofa-peers.ts';
import { direct } from './support/wires.ts';

const CALL = 'io.polywire.peers.CallService';
/** Calls that cannot be made are refused, not waited for, which consumers would for ten seconds. */
const AT_ONCE_MILLISECONDS = 5000;
/** Of a provider that is killed; others have longer ones, so that they outlast a ZooKeeper that freezes or restarts. */
const SHORT_SESSION_MILLISECONDS = 6000;
const LONG_SESSION_MILLISECONDS = 30_000;

const UNKNOWN = /no registry, no ServiceEntry and no VirtualService knows/;

/** How one framework is started, registered and called. */
interface Kind {
  readonly name: string;
  readonly layout: 'dubbo' | 'sofarpc';
  /** The node that holds its tree. */
  readonly root: string;
  /** Of its service, as /registry shows it. */
  readonly host: string;
  bootstrap(more: Readonly<Record<string, unknown>>): string;
  provider(owner: Owner, zookeeper: string, first: { name: string; port: number }, session: number): Promise<Provider | SofaProvider>;
  consumer(owner: Owner, port: number): Promise<Consumer | SofaConsumer>;
}

const KINDS: readonly Kind[] = [dubbo('Dubbo 2.7', 'dubbo27'), dubbo('Dubbo 3', 'dubbo3'), sofa()];

function dubbo(name: string, module: DubboModule): Kind {
  return {
    name,
    layout: 'dubbo',
    root: '/dubbo',
    host: 'io.polywire.peers.call-service.dubbo',
    bootstrap,
    // 2.7 and 3 name it differently.
    provider: (owner, zookeeper, first, session) =>
      Provider.start(owner, module, {
        registry: `zookeeper://${zookeeper}?zk.session.expire=${session}&session=${session}`,
        exports: [first],
      }),
    async consumer(owner, port) {
      const started = await Consumer.start(owner, module);
      await started.refer(direct({ module, serialization: 'hessian2' }, port, 'call', 'CallService', { check: false }));
      return started;
    },
  };
}

function sofa(): Kind {
  return {
    name: 'SOFARPC',
    layout: 'sofarpc',
    root: '/sofa-rpc',
    host: 'io.polywire.peers.call-service.1-0.sofarpc',
    bootstrap: boltBootstrap,
    provider: (owner, registry, first, session) => SofaProvider.start(owner, { registry, session, exports: [first] }),
    async consumer(owner, port) {
      const started = await SofaConsumer.start(owner);
      await started.refer(toBolt(port, 'call', 'CallService'));
      return started;
    },
  };
}

// Most of the time is spent waiting for sessions to run out.
describe('what consumers see of each state of ZooKeeper', { skip: requireJava(), concurrency: 2 }, () => {
  for (const kind of KINDS) describe(kind.name, { concurrency: 1 }, () => states(kind));
});

function states(kind: Kind): void {
  const owner = suiteOwner();
  const auth = { user: 'operator', password: 'secret' };
  const service = `${kind.root}/${CALL}`;
  let zookeeper: ZooKeeperServer;
  let proxy: Polywire;
  let consumer: Consumer | SofaConsumer;
  let provider: Provider | SofaProvider;
  let operator: ZkClient;
  /** What the provider is deployed as. Dubbo has each deployment of a process under a name and at a port of its own. */
  let name = '';
  let deployments = 0;

  before(async () => {
    // SOFARPC's lists are container nodes: left empty, they are there until ZooKeeper looks for such, once a minute by default.
    const flags = ['-Dznode.container.checkIntervalMs=60000'];
    zookeeper = await ZooKeeperServer.start({ config: [`maxSessionTimeout=${LONG_SESSION_MILLISECONDS}`], flags });
    owner.after(() => zookeeper.dispose());
    operator = testClient(zookeeper.address, { auth, sessionTimeoutMs: LONG_SESSION_MILLISECONDS, connectTimeoutMs: 20_000 }).client;
    owner.after(() => operator.close());
    const registry = {
      type: 'zookeeper',
      address: zookeeper.address,
      layouts: [kind.layout],
      sessionTimeout: '2s',
      connectTimeout: '1s',
    };
    const retries = { deniedRetry: '200ms', resync: '500ms' };
    // Before the proxy: the peers may have to be built, for which everything waits.
    await deploy();
    proxy = await Polywire.start(owner, { 'polywire.yaml': kind.bootstrap({ registries: [{ ...registry, ...retries }] }) });
    await shows(': 1 endpoint$');
    consumer = await kind.consumer(owner, proxy.port);
  });

  async function deployment(): Promise<{ name: string; port: number }> {
    name = `deployment ${++deployments}`;
    return { name, port: await freePort() };
  }

  async function deploy(session = LONG_SESSION_MILLISECONDS): Promise<void> {
    provider = await kind.provider(owner, zookeeper.address, await deployment(), session);
  }

  /** Resolves when the service's line of /registry goes on like this. */
  function shows(line: string): Promise<void> {
    return proxy.until('/registry', (page) => new RegExp(`^  ${kind.host}${line}`, 'm').test(page));
  }

  function registry(state: string): Promise<void> {
    return proxy.until('/registry', (page) => new RegExp(`^zookeeper .*: ${state}`, 'm').test(page));
  }

  async function goesOn(calls = 5): Promise<void> {
    for (let i = 0; i < calls; i++) assert.equal((await consumer.who('call')).provider, name);
    assert.equal(await proxy.get('/ready'), 'serving\n');
  }

  /** Calls fail, at once, and say why. Whoever watches the proxy's readiness is not told: other services may well be there. */
  async function fails(reason: RegExp): Promise<void> {
    const began = performance.now();
    await assert.rejects(consumer.who('call'), reason);
    assert.ok(performance.now() - began < AT_ONCE_MILLISECONDS, 'refused at once');
    assert.equal(await proxy.get('/ready'), 'serving\n');
  }

  /** Resolves when calls are answered again: the consumer may be told a little later than the registry's page. */
  async function comesBack(): Promise<void> {
    await shows(': 1 endpoint$');
    await goesOn();
  }

  test('empty: the last provider takes its service back, and gives it again', async () => {
    await provider.unexport(name);
    await shows(': 0 endpoints$');
    await registry('synced');
    await fails(/has no endpoints/);
    await provider.export(await deployment());
    await comesBack();
  });

  test('empty: the last provider is killed, and its session runs out', async () => {
    await provider.unexport(name);
    await shows(': 0 endpoints$');
    await provider.kill();
    await deploy(SHORT_SESSION_MILLISECONDS);
    await shows(': 1 endpoint$');
    await provider.kill();
    // The first call may be the one that finds out that its connection is gone.
    await assert.rejects(consumer.who('call'));
    await fails(/could not be reached/);
    await shows(': 0 endpoints$');
    await fails(/has no endpoints/);
    await deploy();
    await comesBack();
  });

  test('missing: the node of the interface is deleted, and a provider registers again', async () => {
    await deleteAll(operator, service);
    await proxy.until('/registry', (page) => !page.includes(kind.host));
    await registry('synced');
    await fails(UNKNOWN);
    // Dubbo 2.7 does not register where it remembers a node that is gone.
    await provider.kill();
    await deploy();
    await comesBack();
  });

  test('denied: the list of providers may not be read, and may again', async () => {
    await operator.setAcl(`${service}/providers`, 'creator');
    await shows(': 1 endpoint, held \\(denied\\)$');
    await registry('synced');
    await proxy.untilLogged(new RegExp(`not allowed to read ${service}/providers; what was known of it stays in force`));
    await goesOn();
    await operator.setAcl(`${service}/providers`, 'open');
    await proxy.untilLogged(new RegExp(`${service}/providers can be read again`));
    await comesBack();
  });

  test('denied: the root may not be read, and may again', async () => {
    await operator.setAcl(kind.root, 'creator');
    await registry('stale');
    await shows(': 1 endpoint, held \\(denied\\)$');
    await proxy.untilLogged(new RegExp(`not allowed to read ${kind.root}; what was known of it stays in force`));
    await goesOn();
    await operator.setAcl(kind.root, 'open');
    await registry('synced');
    await comesBack();
  });

  test('disconnected: ZooKeeper freezes and thaws, and no call notices', async () => {
    await costsNothing(async () => {
      zookeeper.freeze();
      try {
        await registry('stale');
        await shows(': 1 endpoint$');
        await goesOn();
      } finally {
        zookeeper.thaw();
      }
      await registry('synced');
    });
  });

  test('disconnected: ZooKeeper is killed and comes back with what it knew, and no call notices', async () => {
    await costsNothing(async () => {
      await zookeeper.kill();
      await registry('stale');
      await proxy.untilLogged(/zookeeper .* is away; what it announced stays in force/);
      await goesOn();
      await zookeeper.restart();
      await registry('synced');
      await comesBack();
    });
  });

  // Dubbo does not register again by itself where the nodes that it remembers are gone.
  if (kind.name === 'Dubbo 3') {
    test('disconnected: ZooKeeper comes back without its data, and a provider registers again', async () => {
      await zookeeper.kill();
      await registry('stale');
      zookeeper.wipe();
      await goesOn();
      await zookeeper.restart();
      // The former session is given up after three refusals, between which the pauses grow to 5 s.
      await registry('synced');
      await fails(UNKNOWN);
      await provider.kill();
      await deploy();
      await comesBack();
    });
  }

  async function costsNothing(act: () => Promise<void>): Promise<void> {
    const load = consumer.load({ on: 'call', threads: 2, milliseconds: 600_000, pause: 1 });
    await act().finally(() => consumer.stopLoad());
    const { lost, mixed, failures, samples } = await load;
    assert.deepEqual({ lost, mixed, failures, samples }, { lost: 0, mixed: 0, failures: {}, samples: [] });
  }
}

/** ZooKeeper's code for a node with children. */
const NOT_EMPTY = -111;
const DELETE_TRIES = 10;

/** A provider that has just registered goes on making nodes: what is put in meanwhile is deleted, too. */
async function deleteAll(zk: ZkClient, path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    for (const child of await zk.getChildren(path, false)) await deleteAll(zk, `${path}/${child}`);
    try {
      return await zk.delete(path);
    } catch (error) {
      const isFilled = error instanceof Error && 'code' in error && error.code === NOT_EMPTY;
      if (!isFilled || tries === DELETE_TRIES) throw error;
    }
  }
}
