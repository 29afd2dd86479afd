import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, describe, test } from 'node:test';
import { CALL_SERVICE, RuleNodes } from './support/governance.ts';
import { bootstrap } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, type DubboModule, PeerError, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { direct } from './support/wires.ts';
import { ZooKeeper } from './support/zookeeper.ts';

const PROVIDERS = 'peer-provider';
const CONSUMERS = 'peer-consumer';
const BOTH: readonly DubboModule[] = ['dubbo27', 'dubbo3'];
const SETTLE_MILLISECONDS = 15_000;
/** Of two providers one is missed by so many calls once in half a billion times. */
const CALLS = 30;
const NOBODY: readonly string[] = [];
const GRAY = { 'dubbo.tag': 'gray' };
const BLUE = { 'dubbo.tag': 'blue' };
const FORCED = { 'dubbo.force.tag': 'true' };

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

describe("the rules of Dubbo's operators in ZooKeeper: the same providers answer with and without the proxy", {
  skip: requireJava(),
}, () => {
  const owner = suiteOwner();
  const ports = new Map<string, number>();
  const consumers = new Map<DubboModule, Consumer>();
  let zookeeper: ZooKeeper;
  let proxy: Polywire;
  let rules: RuleNodes;
  let configCenter: Readonly<Record<string, string>>;

  before(async () => {
    zookeeper = await ZooKeeper.start(owner);
    rules = new RuleNodes(owner, zookeeper.address);
    configCenter = { 'dubbo.config-center.address': zookeeper.url };
    for (const name of ['a', 'b', 'gray']) ports.set(name, await freePort());
    const registries = [{ type: 'zookeeper', address: zookeeper.address, sessionTimeout: '5s' }];
    [proxy] = await Promise.all([
      Polywire.start(owner, { 'polywire.yaml': bootstrap({ registries, upstream: { balance: 'request' } }) }),
      provider('dubbo27', 'a', hostsFile('127.0.0.2')),
      provider('dubbo3', 'b'),
      provider('dubbo27', 'gray'),
      ...BOTH.map(
        async (module) => void consumers.set(module, await Consumer.start(owner, module, { application: CONSUMERS }, configCenter)),
      ),
    ]);
    await proxy.until('/registry', (page) => /call-service.*: 3 endpoints/.test(page));
    for (const [module, consumer] of consumers) {
      await consumer.refer({ on: 'direct', service: 'CallService', registry: zookeeper.url });
      await consumer.refer(direct({ module, serialization: 'hessian2' }, proxy.port, 'proxied', 'CallService'));
    }
  });

  afterEach(async () => {
    await rules.clear();
    await answered({ by: ['a', 'b'] }, { attachments: GRAY, by: ['gray'] });
  });

  /** Its own process: Dubbo 2.7 mixes up the listeners of two exports of one service. */
  function provider(module: DubboModule, name: string, properties: Readonly<Record<string, string>> = {}): Promise<Provider> {
    const tag = name === 'gray' ? { tag: 'gray' } : {};
    // Without a warm-up of a millisecond the weights of providers grow for ten minutes.
    const parameters = { warmup: '1', region: name };
    const exports = [{ name, port: portOf(name), serialization: 'hessian2' as const, ...tag, parameters }];
    const settings = { application: PROVIDERS, registry: zookeeper.url, exports };
    return Provider.start(owner, module, settings, { ...configCenter, ...properties });
  }

  /** Lets Dubbo register another loopback address: rules on tags tell providers on loopback apart by networks only. */
  function hostsFile(address: string): Readonly<Record<string, string>> {
    const folder = mkdtempSync(join(tmpdir(), 'polywire-hosts-'));
    owner.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'hosts');
    writeFileSync(file, `${address} localhost loop ${hostname()}\n`);
    return { 'jdk.net.hosts.file': file };
  }

  function portOf(name: string): number {
    return ports.get(name) ?? assert.fail(name);
  }

  function address(name: string): string {
    return `127.0.0.${name === 'a' ? 2 : 1}:${portOf(name)}`;
  }

  function consumerOf(module: DubboModule): Consumer {
    return consumers.get(module) ?? assert.fail(module);
  }

  async function ask(consumer: Consumer, on: string, { attachments = {}, method = 'who' }: Asked): Promise<string | undefined> {
    try {
      const args = method === 'who' ? ['token'] : [0, 'token'];
      return ((await consumer.call({ on, method, args, attachments })) as { provider: string }).provider;
    } catch (error) {
      if (error instanceof PeerError && error.code !== undefined) return undefined;
      throw error;
    }
  }

  async function answering(consumer: Consumer, on: string, asked: Asked): Promise<string> {
    const seen = new Set<string>();
    for (let call = 0; call < CALLS; call++) {
      const name = await ask(consumer, on, asked);
      if (name !== undefined) seen.add(name);
    }
    return [...seen].sort().join(', ');
  }

  /** Resolves when these providers answer, and no others: consumers hear of a rule some time after it is written. */
  async function settled(module: DubboModule, on: string, { by, ...asked }: Expected): Promise<void> {
    const wanted = [...by].sort().join(', ');
    const deadline = Date.now() + SETTLE_MILLISECONDS;
    let seen: string;
    do seen = await answering(consumerOf(module), on, asked);
    while (seen !== wanted && Date.now() < deadline);
    assert.equal(seen, wanted, `${module} ${on} ${JSON.stringify(asked)}`);
  }

  async function answered(...expected: readonly Expected[]): Promise<void> {
    for (const each of expected) {
      for (const module of each.as ?? BOTH) await settled(module, 'direct', each);
      for (const module of BOTH) await settled(module, 'proxied', each);
    }
  }

  /** The share of calls that a provider gets. */
  async function share(module: DubboModule, on: string, name: string): Promise<number> {
    const { byProvider, calls } = await consumerOf(module).load({ on, calls: 200, threads: 2 });
    return (byProvider[name] ?? 0) / calls;
  }

  function conditions(key: string, force: boolean, ...list: readonly string[]): Promise<string> {
    const scope = key === CALL_SERVICE ? 'service' : 'application';
    const text = `configVersion: v3.0\nscope: ${scope}\nforce: ${force}\nenabled: true\nruntime: true\nkey: ${key}\nconditions:\n`;
    const items = list.map((each) => `  - ${JSON.stringify(each)}\n`).join('');
    return rules.config(`${key}${scope === 'service' ? '::' : ''}.condition-router`, text + items);
  }

  function tags(force: boolean, name: string, address: string): Promise<string> {
    const text = `configVersion: v2.7\nforce: ${force}\nenabled: true\nruntime: true\nkey: ${PROVIDERS}\ntags:\n`;
    return rules.config(`${PROVIDERS}.tag-router`, `${text}  - name: ${name}\n    addresses: ["${address}"]\n`);
  }

  function configure(item: string): Promise<string> {
    const text = `configVersion: v2.7\nscope: service\nenabled: true\nkey: ${CALL_SERVICE}\nconfigs:\n`;
    return rules.config(`${CALL_SERVICE}::.configurators`, `${text}  - ${item}\n`);
  }

  test('tags that providers say themselves', async () => {
    await answered(
      { attachments: BLUE, by: ['a', 'b'] },
      { attachments: { ...GRAY, ...FORCED }, by: ['gray'] },
      { attachments: { ...BLUE, ...FORCED }, by: NOBODY },
    );
  });

  test('tags that a rule gives', async () => {
    await tags(false, 'blue', '127.0.0.2/32');
    await answered(
      { attachments: BLUE, by: ['a'] },
      { attachments: GRAY, by: ['gray'] },
      // Consumers of 2.7 send these also to providers with a tag that no rule knows.
      { by: ['b'], as: ['dubbo3'] },
      { attachments: { ...BLUE, ...FORCED }, by: ['a'] },
    );
  });

  test('a tag whose rule says force and that nobody has', async () => {
    await tags(true, 'blue', '127.0.0.9/32');
    await answered({ attachments: BLUE, by: NOBODY }, { by: ['a', 'b'], as: ['dubbo3'] });
  });

  test('conditions on the method, the argument and the attachments', async () => {
    const node = await conditions(
      CALL_SERVICE,
      true,
      `method=slow => address=${address('b')}`,
      'method=who & arguments[0]=other => host=10.9.9.9',
      `attachments[env]=x* => port=${portOf('a')}`,
    );
    await answered(
      { method: 'slow', by: ['b'] },
      { by: ['a', 'b'] },
      // Attachments are looked at since 3.
      { attachments: { env: 'xyz' }, by: ['a'], as: ['dubbo3'] },
      { attachments: { env: 'y' }, by: ['a', 'b'] },
    );
    const said = await proxy.explain('--service', CALL_SERVICE, '--method', 'slow');
    assert.match(said, new RegExp(`${node}[^]*method=slow => address=${address('b')}|method=slow => address=${address('b')}[^]*${node}`));
  });

  test('a method that nobody may call, forced or not', async () => {
    await conditions(CALL_SERVICE, false, 'method=slow => ');
    await answered({ method: 'slow', by: NOBODY }, { by: ['a', 'b'] });
  });

  test('a condition that no provider meets, without force', async () => {
    await conditions(CALL_SERVICE, false, 'method=slow => host=10.9.9.9', 'method=who => region=b');
    await answered({ by: ['b'] }, { method: 'slow', by: ['a', 'b'] });
  });

  test("conditions of the consumers' application, and of the providers'", async () => {
    await conditions(CONSUMERS, true, '=> region=a');
    await answered({ by: ['a'] });
    await rules.clear();
    await conditions(PROVIDERS, true, '=> region=b');
    await answered({ by: ['b'], as: ['dubbo3'] });
  });

  test('a route of 2.6, which 3 does not follow', async () => {
    const rule = encodeURIComponent(`method = slow => address = ${address('a')}`);
    await rules.old(
      'routers',
      `condition://0.0.0.0/${CALL_SERVICE}?category=routers&dynamic=false&enabled=true&force=true&name=slow&rule=${rule}`,
    );
    await answered({ method: 'slow', by: ['a'], as: ['dubbo27'] }, { by: ['a', 'b'] });
  });

  test('a disabled provider, by a rule of 2.6, by one for consumers and by one that it applies itself', async () => {
    // Consumers of 3.3 go on calling providers that they know.
    const as: readonly DubboModule[] = ['dubbo27'];
    const node = await rules.old(
      'configurators',
      `override://${address('a')}/${CALL_SERVICE}?category=configurators&dynamic=false&enabled=true&disabled=true`,
    );
    await answered({ by: ['b'], as });
    const said = await proxy.explain('--service', CALL_SERVICE, '--method', 'who');
    assert(said.includes(node), said);
    await rules.clear();
    await configure(
      `{ side: consumer, addresses: ["0.0.0.0"], providerAddresses: ["${address('gray')}"], parameters: { disabled: true } }`,
    );
    await answered({ attachments: GRAY, by: ['a', 'b'], as });
    await rules.clear();
    await configure(`{ side: provider, addresses: ["${address('b')}"], parameters: { disabled: true } }`);
    await answered({ by: ['a'], as });
  });

  test('weights, by a rule of 2.6 and by one that the provider applies itself', async () => {
    const isHeavy = (part: number): boolean => part > 0.83 && part < 0.98;
    const shares = async (name: string): Promise<void> => {
      const seen = new Map<string, number>();
      for (const deadline = Date.now() + SETTLE_MILLISECONDS; Date.now() < deadline; ) {
        seen.set('dubbo27 direct', await share('dubbo27', 'direct', name));
        for (const module of BOTH) seen.set(`${module} proxied`, await share(module, 'proxied', name));
        if ([...seen.values()].every(isHeavy)) return;
      }
      assert.fail(`${name} got ${JSON.stringify(Object.fromEntries(seen))}`);
    };
    const old = await rules.old(
      'configurators',
      `override://${address('a')}/${CALL_SERVICE}?category=configurators&dynamic=false&enabled=true&weight=1000`,
    );
    await shares('a');
    assert((await proxy.explain('--service', CALL_SERVICE, '--method', 'who', '-o', 'json')).includes(old));
    await rules.clear();
    const node = await configure(`{ side: provider, addresses: ["${address('b')}"], parameters: { weight: 1000 } }`);
    await shares('b');
    assert.match(
      await proxy.explain('--service', CALL_SERVICE, '--method', 'who'),
      new RegExp(`weight 1000[^]*${node}|${node}[^]*weight 1000`),
    );
  });

  test('a timeout, for callers that bring none', async () => {
    await configure('{ side: consumer, addresses: ["0.0.0.0"], parameters: { timeout: 300 } }');
    for (const on of ['direct', 'proxied']) {
      const late = async (): Promise<string | undefined> => {
        try {
          await consumerOf('dubbo27').call({ on, method: 'slow', args: [1000, 'token'] });
          return undefined;
        } catch (error) {
          return error instanceof PeerError ? error.code : String(error);
        }
      };
      const deadline = Date.now() + SETTLE_MILLISECONDS;
      while ((await late()) === undefined && Date.now() < deadline);
      assert.equal(await late(), 'TIMEOUT', on);
    }
  });
});
