import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../http2-random.ts';
import type { Owner } from '../owner.ts';
import { RECORDED_APPLICATION, RECORDED_NODES } from '../registry-kit.ts';
import { dubbo } from '../wire/dubbo.ts';
import { echo, WireService } from '../wire/service.ts';
import { instanceData } from './beacon.ts';
import { Operators } from './rules.ts';
import { APPS, INTERFACES, isSteady, type Slot } from './slots.ts';
import { Tree } from './tree.ts';

/** The interface that the nodes were recorded of. */
const RECORDED_INTERFACE = 'com.acme.api.Fleet';
const DUBBO_NODES = [RECORDED_NODES.dubbo26, RECORDED_NODES.dubbo27, RECORDED_NODES['dubbo3-interface'], RECORDED_NODES['dubbo3-all']];
const MORTAL_SESSION_MILLISECONDS = 4000;
const PROVIDERS = 3;

/** What is changed is below these. */
const LISTS = [
  ...INTERFACES.flatMap((service) => ['providers', 'configurators', 'routers'].map((list) => `/dubbo/${service}/${list}`)),
  '/dubbo/config/dubbo',
  '/services/app-fleet',
  '/services/orders',
  '/sofa-rpc/com.acme.api.Fleet/providers',
  '/motan/g/com.acme.Hello/server',
];
const REVISIONS = ['1', '2'];

/** Providers of every layout that come and go. Nodes of Dubbo and SOFARPC are recorded ones, with other interfaces and ports, untagged. */
export class Fleet {
  readonly slots: readonly Slot[];
  readonly #tree: Tree;
  readonly #address: string;
  readonly #random: Random;
  readonly #operators: Operators;
  #mortal: Tree;
  readonly #mortals = new Set<Slot>();
  /** Counts registrations, as a provider's timestamp and process id do. */
  #turn = 0;

  private constructor(address: string, random: Random, slots: readonly Slot[], operators: Operators) {
    this.#address = address;
    this.#operators = operators;
    this.#random = random;
    this.slots = slots;
    this.#tree = Tree.open(address, 15_000);
    this.#mortal = Tree.open(address, MORTAL_SESSION_MILLISECONDS);
  }

  static async start(owner: Owner, address: string, random: Random): Promise<Fleet> {
    const slots: Slot[] = [];
    for (const service of INTERFACES) {
      for (let i = 0; i < PROVIDERS; i++) {
        const name = `${service}#${i}`;
        const { port } = await WireService.start(owner, dubbo, echo(name));
        slots.push({ service, name, port, path: undefined, goneSince: 0, forbidden: new Map() });
      }
    }
    const operators = Operators.start(owner, address, new Random(random.seed + 10), slots);
    const fleet = new Fleet(address, random, slots, operators);
    owner.after(() => Promise.all([fleet.#tree.end(), fleet.#mortal.end()]).then(() => undefined));
    await fleet.registerAll();
    return fleet;
  }

  /** Everybody registers, as at the first start. */
  async registerAll(): Promise<void> {
    await this.#describeApplications();
    for (const slot of this.slots) await this.#register(slot);
  }

  /** The servers lost their data, and are back. */
  lost(): void {
    this.#tree.restart();
    this.#mortal.restart();
    this.#mortals.clear();
    this.#operators.lost();
    const now = performance.now();
    for (const slot of this.slots) {
      slot.path = undefined;
      slot.goneSince = now;
    }
  }

  /** Somebody writes, changes or removes a rule. */
  changeRule(): Promise<void> {
    return this.#operators.change();
  }

  /** Makes every list that is changed, where it is missing: one that is made where all others are closed would be open. */
  async makeLists(): Promise<void> {
    for (const path of LISTS) await this.#tree.put(path);
  }

  /**
   * One change of somebody's.
   * @param keepsLists no list is deleted
   */
  async change(keepsLists = false): Promise<void> {
    const dice = this.#random.below(120);
    if (dice >= 100) return this.#operators.change();
    const slot = this.#random.of(this.slots);
    if (dice < 60) await (slot.path === undefined ? this.#register(slot) : this.#unregister(slot));
    else if (dice < 75) await this.#changeInstance(slot);
    else if (dice < 95) await this.#changeOther();
    else if (dice < 98 && !keepsLists) await this.#deleteInterface(this.#random.of(INTERFACES.slice(1, 3)));
    else await this.#dieTogether();
  }

  /** Nobody else may read the list of an interface, for so long as `act` takes. */
  async closed(service: string, act: () => Promise<void>): Promise<void> {
    const list = `/dubbo/${service}/providers`;
    await this.#tree.close(list, true);
    try {
      await act();
    } finally {
      await this.#tree.close(list, false);
    }
  }

  async #register(slot: Slot): Promise<void> {
    slot.goneSince = undefined;
    if (slot.service === APPS) {
      slot.path = `/services/app-fleet/127.0.0.1:${slot.port}`;
      await this.#tree.put(slot.path, this.#instance(slot));
      return;
    }
    const mortal = this.#random.chance(30) && !isSteady(slot);
    const node = this.#random
      .of(DUBBO_NODES)
      .replaceAll(RECORDED_INTERFACE, slot.service)
      .replace(/127\.0\.0\.1%3A\d+/, `127.0.0.1%3A${slot.port}`)
      .replace(/%26(group|version|dubbo\.tag)%3D[^%]+/g, '')
      .replace('timestamp%3D0', `timestamp%3D${++this.#turn}`);
    slot.path = `/dubbo/${slot.service}/providers/${node}`;
    if (mortal) this.#mortals.add(slot);
    await (mortal ? this.#mortal : this.#tree).put(slot.path, undefined, mortal);
  }

  async #unregister(slot: Slot): Promise<void> {
    const { path } = slot;
    if (path === undefined || isSteady(slot)) return;
    slot.path = undefined;
    this.#mortals.delete(slot);
    await this.#tree.remove(path);
    slot.goneSince = performance.now();
  }

  /** An instance is deployed anew, maybe with services of another revision. */
  async #changeInstance(slot: Slot): Promise<void> {
    if (slot.service === APPS && slot.path !== undefined) await this.#tree.put(slot.path, this.#instance(slot));
  }

  async #changeOther(): Promise<void> {
    const port = this.#random.between(1, 6);
    const [path, data] = this.#random.of([
      () => [
        `/sofa-rpc/com.acme.api.Fleet/providers/${RECORDED_NODES.sofa.replace(/A\d+%3F/, `A${port}%3F`)}`,
        Buffer.of(this.#random.below(2)),
      ],
      () => [`/motan/g/com.acme.Hello/server/127.0.0.1:${port}`, Buffer.from(`motan2://127.0.0.1:${port}/com.acme.Hello?group=g&`)],
      () => [`/services/orders/${port}`, Buffer.from(springInstance(port, this.#random.chance(70) ? 'UP' : 'DOWN'))],
    ] as const)() as [string, Buffer];
    await (this.#random.chance(60) ? this.#tree.put(path, data) : this.#tree.remove(path));
  }

  async #deleteInterface(service: string): Promise<void> {
    const slots = this.slots.filter((slot) => slot.service === service);
    this.#operators.leave(`/dubbo/${service}`);
    await this.#tree.remove(`/dubbo/${service}`, (path) => {
      const slot = slots.find((each) => each.path === path);
      if (slot === undefined) return;
      slot.path = undefined;
      slot.goneSince = performance.now();
      this.#mortals.delete(slot);
    });
  }

  /** A process with several providers ends, and takes its session with it. */
  async #dieTogether(): Promise<void> {
    const dead = [...this.#mortals];
    this.#mortals.clear();
    await this.#mortal.end();
    this.#mortal = Tree.open(this.#address, MORTAL_SESSION_MILLISECONDS);
    for (const slot of dead) {
      const { path = '' } = slot;
      // When the servers could not be told, the session runs out later.
      while ((await this.#tree.data(path)) !== undefined) await wait(20);
      slot.path = undefined;
      slot.goneSince = performance.now();
    }
  }

  #instance(slot: Slot): Buffer {
    return instanceData('app-fleet', slot.port, this.#random.of(REVISIONS));
  }

  /** What each revision serves: the same interface, with another weight, and one more. */
  async #describeApplications(): Promise<void> {
    const recorded: unknown = JSON.parse(RECORDED_APPLICATION.metadata);
    const [first] = Object.values((recorded as { services: Record<string, { params: Record<string, string> }> }).services);
    if (first === undefined) throw new Error('nothing was recorded');
    const { group: _, version: __, 'dubbo.tag': ___, ...params } = first.params;
    const service = (name: string, weight: string): object => ({
      name,
      path: name,
      protocol: 'dubbo',
      params: { ...params, interface: name, weight },
    });
    for (const revision of REVISIONS) {
      const services = { [`${APPS}:dubbo`]: service(APPS, revision), [`${APPS}${revision}:dubbo`]: service(`${APPS}${revision}`, '100') };
      await this.#tree.put(`/dubbo/metadata/app-fleet/${revision}`, Buffer.from(JSON.stringify({ app: 'app-fleet', revision, services })));
    }
  }
}

function springInstance(port: number, status: string): string {
  const payload = {
    '@class': 'org.springframework.cloud.zookeeper.discovery.ZookeeperInstance',
    id: 'orders-1',
    name: 'orders',
    metadata: { instance_status: status },
  };
  return JSON.stringify({ name: 'orders', id: String(port), address: '127.0.0.1', port, sslPort: null, payload, serviceType: 'DYNAMIC' });
}
