// The providers of a large installation, in a real ZooKeeper: what is registered, and who registers it.
import { BuiltinZkClient } from '../../packages/registry-zk/dist/client/builtin.js';
import { javaUrlEncode } from '../../packages/registry-zk/dist/testing/providers.js';

/** Sessions that own the providers' nodes, each for many machines. */
const OWNERS = 8;
const MACHINES = 1_000;
/** Services that are written at a time: a thousand requests. */
const PIPELINE = 100;
const REGISTRANT = Buffer.from('10.0.0.1');
const METHODS = 'create,find,findAll,update,delete,count,findByOwner,history,export,importAll,lock,unlock,validate';
/** What Dubbo creates beside `providers` for each interface. */
const DIRECTORIES = ['providers', 'configurators', 'routers', 'consumers'];

export const interfaceName = (index) => `com.acme.team${index % 97}.orders.api.OrderService${index}`;

/** The name of a provider's node as Dubbo 3 writes it: some 850 bytes. */
function providerNode(name, { address, weight, serial }) {
  const parameters = {
    application: 'orders-provider',
    background: 'false',
    deprecated: 'false',
    dubbo: '2.0.2',
    dynamic: 'true',
    generic: 'false',
    interface: name,
    methods: METHODS,
    'prefer.serialization': 'hessian2,fastjson2',
    pid: String(100 + (serial % 30_000)),
    release: '3.3.6',
    revision: '1.4.2',
    'service-name-mapping': 'true',
    side: 'provider',
    threads: '400',
    timeout: '3000',
    timestamp: String(1_700_000_000_000 + serial * 7),
    version: '1.0.0',
    weight: String(weight),
  };
  const query = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return javaUrlEncode(`dubbo://${address}/${name}?${query.join('&')}`);
}

/** The registered providers, as they were written. */
export class Tree {
  #clients;
  #serial = 0;
  /** By interface: what is registered, as `address weight`. */
  providers = new Map();

  constructor(address) {
    this.#clients = Array.from({ length: OWNERS }, () => {
      const options = { address, sessionTimeoutMs: 20_000, connectTimeoutMs: 5_000, maxPacketBytes: 1 << 24 };
      return new BuiltinZkClient(options, { connected() {}, disconnected() {}, event() {} });
    });
    for (const client of this.#clients) client.connect();
  }

  /** Registers `count` providers of each of `services` interfaces. Dubbo's tree is there when it resolves. */
  async fill(services, count) {
    await this.#clients[0].create('/dubbo', REGISTRANT);
    const names = Array.from({ length: services }, (_, index) => interfaceName(index));
    const rest = names.values();
    const worker = async () => {
      for (const name of rest) await this.#service(name, count);
    };
    await Promise.all(Array.from({ length: PIPELINE }, worker));
  }

  /** Registers one more provider, on a machine that has none of this service. */
  add(name, weight = 100) {
    const providers = this.providers.get(name);
    let address;
    do {
      const machine = ++this.#serial % MACHINES;
      address = `10.20.${machine >> 7}.${(machine & 127) + 1}:20880`;
    } while (providers.some((other) => other.address === address));
    const provider = { address, weight, serial: this.#serial };
    providers.push(provider);
    return this.#create(name, provider);
  }

  remove(name) {
    return this.#delete(name, this.providers.get(name).shift());
  }

  /** As a provider does that is exported again: the new node, then the end of the old one. */
  async reweigh(name, weight) {
    const providers = this.providers.get(name);
    const old = providers.shift();
    const now = { ...old, weight: old.weight === weight ? weight + 1 : weight };
    providers.push(now);
    await Promise.all([this.#create(name, now), this.#delete(name, old)]);
  }

  async close() {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #service(name, count) {
    this.providers.set(name, []);
    // In the order of one connection: nothing need be waited for.
    const client = this.#owner(name);
    const requests = [client.create(`/dubbo/${name}`, REGISTRANT)];
    for (const directory of DIRECTORIES) requests.push(client.create(`/dubbo/${name}/${directory}`, REGISTRANT));
    for (let i = 0; i < count; i++) requests.push(this.add(name));
    await Promise.all(requests);
  }

  #create(name, provider) {
    return this.#owner(name).create(`/dubbo/${name}/providers/${providerNode(name, provider)}`, REGISTRANT, { ephemeral: true });
  }

  #delete(name, provider) {
    return this.#owner(name).delete(`/dubbo/${name}/providers/${providerNode(name, provider)}`);
  }

  #owner(name) {
    return this.#clients[Number(/\d+$/.exec(name)[0]) % OWNERS];
  }
}
