import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CALL_SERVICE, RuleNodes } from './governance.ts';
import { bootstrap } from './mesh.ts';
import type { Owner } from './owner.ts';
import { Consumer, type DubboModule, PeerError, Provider } from './peers.ts';
import { Polywire } from './polywire.ts';
import { freePort, listen } from './ports.ts';
import { direct } from './wires.ts';
import { LONG_SESSION, ZooKeeper } from './zookeeper.ts';

export const PROVIDERS = 'peer-provider';
export const CONSUMERS = 'peer-consumer';
const BOTH: readonly DubboModule[] = ['dubbo27', 'dubbo3'];
export const SETTLE_MILLISECONDS = 60_000;
/** An address that consumers have as well on their way to the proxy. */
const ELSEWHERE = '127.0.0.5';
/** Of two providers one is missed by so many calls once in half a billion times. */
const CALLS = 30;

interface Asked {
  readonly attachments?: Readonly<Record<string, string>>;
  readonly method?: 'who' | 'slow';
}

/** Who answers calls, through the proxy and without it. */
interface Expected extends Asked {
  readonly by: readonly string[];
  /** The generations of Dubbo whose consumers do so without the proxy. */
  readonly as?: readonly DubboModule[];
}

/**
 * Providers a, b and gray in a ZooKeeper, and consumers of both generations that call them with and without a proxy. The consumers, and b and gray,
 * are at 127.0.0.1, a is at 127.0.0.2.
 */
export class GovernedFleet {
  readonly proxy: Polywire;
  readonly rules: RuleNodes;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #zookeeper: ZooKeeper;
  readonly #configCenter: Readonly<Record<string, string>>;
  readonly #consumers = new Map<DubboModule, Consumer>();

  private constructor(owner: Owner, proxy: Polywire, zookeeper: ZooKeeper, ports: ReadonlyMap<string, number>) {
    this.proxy = proxy;
    this.rules = new RuleNodes(owner, zookeeper.address);
    this.#ports = ports;
    this.#zookeeper = zookeeper;
    this.#configCenter = { 'dubbo.config-center.address': zookeeper.url };
  }

  static async start(owner: Owner): Promise<GovernedFleet> {
    const zookeeper = await ZooKeeper.start(owner, LONG_SESSION);
    const ports = new Map<string, number>();
    for (const name of ['a', 'b', 'gray']) ports.set(name, await freePort());
    const registries = [{ type: 'zookeeper', address: zookeeper.address, sessionTimeout: '5s' }];
    const proxy = await Polywire.start(owner, { 'polywire.yaml': bootstrap({ registries, upstream: { balance: 'request' } }) });
    const fleet = new GovernedFleet(owner, proxy, zookeeper, ports);
    await Promise.all([
      fleet.#provider(owner, 'dubbo27', 'a', hostsFile(owner, '127.0.0.2')),
      fleet.#provider(owner, 'dubbo3', 'b'),
      fleet.#provider(owner, 'dubbo27', 'gray'),
    ]);
    await proxy.until('/registry', (page) => /call-service.*: 3 endpoints/.test(page));
    await fleet.#consume(owner);
    return fleet;
  }

  async #consume(owner: Owner): Promise<void> {
    const { port } = this.proxy;
    const elsewhere = await relayFrom(owner, ELSEWHERE, port);
    await Promise.all(
      BOTH.map(async (module) => {
        const consumer = await Consumer.start(owner, module, { application: CONSUMERS }, this.#configCenter);
        await consumer.refer({ on: 'direct', service: 'CallService', registry: this.#zookeeper.url });
        await consumer.refer(direct({ module, serialization: 'hessian2' }, port, 'proxied', 'CallService'));
        await consumer.refer(direct({ module, serialization: 'hessian2' }, elsewhere, 'elsewhere', 'CallService'));
        this.#consumers.set(module, consumer);
      }),
    );
  }

  /** Its own process: Dubbo 2.7 mixes up the listeners of two exports of one service. */
  #provider(owner: Owner, module: DubboModule, name: string, properties: Readonly<Record<string, string>> = {}): Promise<Provider> {
    const tag = name === 'gray' ? { tag: 'gray' } : {};
    // Without a warm-up of a millisecond the weights of providers grow for ten minutes.
    const parameters = { warmup: '1', region: name };
    const exports = [{ name, port: this.portOf(name), serialization: 'hessian2' as const, ...tag, parameters }];
    const settings = { application: PROVIDERS, registry: this.#zookeeper.url, exports };
    return Provider.start(owner, module, settings, { ...this.#configCenter, ...properties });
  }

  portOf(name: string): number {
    return this.#ports.get(name) ?? assert.fail(name);
  }

  address(name: string): string {
    return `127.0.0.${name === 'a' ? 2 : 1}:${this.portOf(name)}`;
  }

  consumerOf(module: DubboModule): Consumer {
    return this.#consumers.get(module) ?? assert.fail(module);
  }

  async answered(...expected: readonly Expected[]): Promise<void> {
    for (const each of expected) {
      for (const module of each.as ?? BOTH) await this.#settled(module, 'direct', each);
      for (const module of BOTH) await this.#settled(module, 'proxied', each);
    }
  }

  /** Who answers consumers that come to the proxy from ELSEWHERE. */
  async answeredElsewhere(expected: Expected): Promise<void> {
    for (const module of BOTH) await this.#settled(module, 'elsewhere', expected);
  }

  /** Resolves when the share of calls that a provider gets is accepted, through the proxy and without it. */
  async shared(name: string, without: readonly DubboModule[], accept: (share: number) => boolean): Promise<void> {
    const seen = new Map<string, number>();
    for (const deadline = Date.now() + SETTLE_MILLISECONDS; Date.now() < deadline; ) {
      for (const module of without) seen.set(`${module} direct`, await this.#share(module, 'direct', name));
      for (const module of BOTH) seen.set(`${module} proxied`, await this.#share(module, 'proxied', name));
      if ([...seen.values()].every(accept)) return;
    }
    assert.fail(`${name} got ${JSON.stringify(Object.fromEntries(seen))}`);
  }

  conditions(key: string, force: boolean, ...list: readonly string[]): Promise<string> {
    return this.#conditionRule(
      'v3.0',
      key,
      force,
      list.map((each) => JSON.stringify(each)),
    );
  }

  /** Of version 3.1: each as YAML, `{ from: { match }, to: [{ match, weight }] }`. */
  destinations(key: string, force: boolean, ...list: readonly string[]): Promise<string> {
    return this.#conditionRule('v3.1', key, force, list);
  }

  tags(force: boolean, name: string, address: string): Promise<string> {
    const text = `configVersion: v2.7\nforce: ${force}\nenabled: true\nruntime: true\nkey: ${PROVIDERS}\ntags:\n`;
    return this.rules.config(`${PROVIDERS}.tag-router`, `${text}  - name: ${name}\n    addresses: ["${address}"]\n`);
  }

  configure(item: string): Promise<string> {
    const text = `configVersion: v2.7\nscope: service\nenabled: true\nkey: ${CALL_SERVICE}\nconfigs:\n`;
    return this.rules.config(`${CALL_SERVICE}::.configurators`, `${text}  - ${item}\n`);
  }

  #conditionRule(version: string, key: string, force: boolean, list: readonly string[]): Promise<string> {
    const scope = key === CALL_SERVICE ? 'service' : 'application';
    const text = `configVersion: ${version}\nscope: ${scope}\nforce: ${force}\nenabled: true\nruntime: true\nkey: ${key}\nconditions:\n`;
    const items = list.map((each) => `  - ${each}\n`).join('');
    return this.rules.config(`${key}${scope === 'service' ? '::' : ''}.condition-router`, text + items);
  }

  /** Resolves when these providers answer, and no others: consumers hear of a rule some time after it is written. */
  async #settled(module: DubboModule, on: string, { by, ...asked }: Expected): Promise<void> {
    const wanted = [...by].sort().join(', ');
    const deadline = Date.now() + SETTLE_MILLISECONDS;
    let seen: string;
    do seen = await this.#answering(module, on, asked);
    while (seen !== wanted && Date.now() < deadline);
    assert.equal(seen, wanted, `${module} ${on} ${JSON.stringify(asked)}`);
  }

  async #answering(module: DubboModule, on: string, asked: Asked): Promise<string> {
    const seen = new Set<string>();
    for (let call = 0; call < CALLS; call++) {
      const name = await this.#ask(module, on, asked);
      if (name !== undefined) seen.add(name);
    }
    return [...seen].sort().join(', ');
  }

  async #ask(module: DubboModule, on: string, { attachments = {}, method = 'who' }: Asked): Promise<string | undefined> {
    try {
      const args = method === 'who' ? ['token'] : [0, 'token'];
      return ((await this.consumerOf(module).call({ on, method, args, attachments })) as { provider: string }).provider;
    } catch (error) {
      if (error instanceof PeerError && error.code !== undefined) return undefined;
      throw error;
    }
  }

  async #share(module: DubboModule, on: string, name: string): Promise<number> {
    const { byProvider, calls } = await this.consumerOf(module).load({ on, calls: 200, threads: 2 });
    return (byProvider[name] ?? 0) / calls;
  }
}

/** Lets Dubbo register another loopback address: rules on tags tell providers on loopback apart by networks only. */
function hostsFile(owner: Owner, address: string): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'polywire-hosts-'));
  owner.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'hosts');
  writeFileSync(file, `${address} localhost loop ${hostname()}\n`);
  return { 'jdk.net.hosts.file': file };
}

/** A port whose connections come to `target` from another loopback address. */
async function relayFrom(owner: Owner, localAddress: string, target: number): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((down) => {
    const up = connect({ port: target, host: '127.0.0.1', localAddress });
    for (const [from, to] of [
      [down, up],
      [up, down],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from
        .on('error', () => {})
        .once('close', () => {
          sockets.delete(from);
          to.destroy();
        });
    }
  });
  const port = await listen(server);
  owner.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return port;
}
