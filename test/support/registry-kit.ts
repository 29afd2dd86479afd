// What the tests of @polywire/registry-zk use: real ZooKeeper servers, a relay before one, and a client. No part of what is published.

type Ensembles = typeof import('../../packages/registry-zk/src/testing/ensemble.ts');
type Servers = typeof import('../../packages/registry-zk/src/testing/zookeeper-server.ts');
type Relays = typeof import('../../packages/registry-zk/src/testing/relay.ts');
type Clients = typeof import('../../packages/registry-zk/src/testing/client.ts');
type Adapters = typeof import('../../packages/registry-zk/src/testing/adapter.ts');
type Nodes = typeof import('../../packages/registry-zk/src/testing/recorded-nodes.ts');
type Providers = typeof import('../../packages/registry-zk/src/testing/providers.ts');
type Applications = typeof import('../../packages/registry-zk/src/testing/recorded-application.ts');

const ensembles: Ensembles = await load('ensemble');
const servers: Servers = await load('zookeeper-server');
const relays: Relays = await load('relay');
const clients: Clients = await load('client');
const adapters: Adapters = await load('adapter');
const nodes: Nodes = await load('recorded-nodes');
const providers: Providers = await load('providers');
const applications: Applications = await load('recorded-application');

export const { Ensemble } = ensembles;
export const { ZooKeeperServer } = servers;
export const { Relay } = relays;
export const { testClient } = clients;
export const { testAdapter } = adapters;
export const { RECORDED_NODES } = nodes;
export const { createPath } = providers;
export const { RECORDED_APPLICATION } = applications;

export type Ensemble = Ensembles['Ensemble']['prototype'];
export type ZooKeeperServer = Servers['ZooKeeperServer']['prototype'];
export type Relay = Relays['Relay']['prototype'];
export type ZkClient = ReturnType<Clients['testClient']>['client'];

// This file runs as test/dist/support/registry-kit.js.
function load(name: string) {
  return import(new URL(`../../../packages/registry-zk/dist/testing/${name}.js`, import.meta.url).href);
}
