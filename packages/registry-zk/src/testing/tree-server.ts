import { after, afterEach, before, beforeEach } from 'node:test';
import type { ZkClient, ZkDigestAuth } from '../client/client.ts';
import { type Delivery, type TestAdapter, testAdapter } from './adapter.ts';
import { testClient } from './client.ts';
import { Relay } from './relay.ts';
import { ZooKeeperServer } from './zookeeper-server.ts';

/** A real server for a suite, with a relay before it and a new tree for each test. */
export interface TreeServer {
  readonly server: ZooKeeperServer;
  readonly relay: Relay;
  /** Of the test's own tree: every path is below a node that no other test has. */
  readonly zk: ZkClient;
  readonly owner: ZkClient;
  /** `host:port/tree`, through the relay. */
  readonly address: string;
  /** A started adapter. */
  follow(config: Readonly<Record<string, unknown>>): Promise<TestAdapter>;
  /** A started adapter that has read everything. */
  synced(config: Readonly<Record<string, unknown>>): Promise<TestAdapter>;
}

const AUTH: ZkDigestAuth = { user: 'u', password: 'p' };

/** To be called in the body of `describe`. The server is there in tests only. */
export function treeServer(): TreeServer {
  let tests = 0;
  const closing: (() => Promise<void>)[] = [];
  const parts: { server?: ZooKeeperServer; relay?: Relay; zk?: ZkClient; owner?: ZkClient } = {};
  const there = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('the server is there in tests only');
    return part;
  };
  const tree = {
    get server() {
      return there(parts.server);
    },
    get relay() {
      return there(parts.relay);
    },
    get zk() {
      return there(parts.zk);
    },
    get owner() {
      return there(parts.owner);
    },
    get address() {
      return `${there(parts.relay).address}/tree${tests}`;
    },
    async follow(config: Readonly<Record<string, unknown>>): Promise<TestAdapter> {
      const started = await testAdapter(tree.address, config);
      closing.push(() => started.adapter.stop());
      return started;
    },
    async synced(config: Readonly<Record<string, unknown>>): Promise<TestAdapter> {
      const started = await tree.follow(config);
      await started.deliveries.next(kind('synced'));
      return started;
    },
  };
  before(async () => {
    parts.server = await ZooKeeperServer.start();
    parts.relay = await Relay.start(parts.server.port);
  });
  beforeEach(async () => {
    tests++;
    const { address } = tree.server;
    const { client: plain } = testClient(address);
    await plain.create(`/tree${tests}`, Buffer.alloc(0));
    await plain.close();
    parts.zk = testClient(`${address}/tree${tests}`).client;
    parts.owner = testClient(`${address}/tree${tests}`, { auth: AUTH }).client;
    for (const client of [parts.zk, parts.owner]) closing.push(() => client.close());
  });
  afterEach(async () => {
    tree.relay.oldServer = false;
    tree.relay.partitioned = false;
    await Promise.all(closing.splice(0).map((close) => close()));
  });
  after(async () => {
    await parts.relay?.stop();
    await parts.server?.dispose();
  });
  return tree;
}

/** Deliveries of this kind, of this host. */
export function kind(wanted: Delivery['kind'], host?: string): (delivery: Delivery) => boolean {
  return (delivery) => delivery.kind === wanted && (host === undefined || ('host' in delivery && delivery.host === host));
}

/** Ports of a service's endpoints; undefined: no such service. */
export function ports(adapter: TestAdapter, host: string): number[] | undefined {
  return adapter.entries.get(host)?.endpoints.map((endpoint) => endpoint.port);
}
