import { stringify } from 'yaml';
import type { Random } from '../http2-random.ts';
import type { Owner } from '../owner.ts';
import { APPS, FLEET_APPLICATION, INTERFACES, isSteady, type Slot } from './slots.ts';
import { Tree } from './tree.ts';

const CONFIG = '/dubbo/config/dubbo';
const ANY = '0.0.0.0';
/** Not YAML. A node that cannot be understood keeps what it said before. */
const BROKEN = Buffer.from('configs: [');
const GOVERNED = INTERFACES.filter((service) => service !== APPS);

/** A rule of which there is one, or none, for a service or for all. */
interface Kind {
  /** Writes it with other content; the node, and whom it forbids to take calls that ask for nothing. */
  write(service: string, target: Slot): { path: string; data?: Buffer; forbids?: Slot };
  /** There is one for all services. */
  readonly isShared?: boolean;
}

/** Rules of Dubbo's operators that come, change and go: configurators, tags and conditions, of 2.6 and of the configuration centre. */
export class Operators {
  readonly #tree: Tree;
  readonly #random: Random;
  readonly #slots: readonly Slot[];
  /** What stands, by kind and service. */
  readonly #nodes = new Map<string, string>();

  private constructor(tree: Tree, random: Random, slots: readonly Slot[]) {
    this.#tree = tree;
    this.#random = random;
    this.#slots = slots.filter(({ service }) => service !== APPS);
  }

  static start(owner: Owner, address: string, random: Random, slots: readonly Slot[]): Operators {
    const operators = new Operators(Tree.open(address, 15_000), random, slots);
    owner.after(() => operators.#tree.end());
    return operators;
  }

  /** Somebody writes, changes or removes a rule. */
  async change(): Promise<void> {
    const kinds = [...this.#kinds];
    const [name, kind] = this.#random.of(kinds);
    const service = kind.isShared ? 'all' : this.#random.of(GOVERNED);
    const key = `${name} of ${service}`;
    const former = this.#nodes.get(key);
    const writes = former === undefined || this.#random.chance(50);
    const target = this.#random.of(this.#slots.filter((slot) => !isSteady(slot) && (kind.isShared || slot.service === service)));
    const { path, data, forbids } = kind.write(service, target);
    const isBrokenFirst = data !== undefined && this.#random.chance(25);
    if (writes && isBrokenFirst) await this.#tree.put(path, BROKEN);
    // From here on the former may be followed, or not.
    this.#allow(key);
    if (former !== undefined && (!writes || former !== path)) await this.#tree.remove(former);
    this.#nodes.delete(key);
    if (!writes) return;
    await this.#tree.put(path, data);
    this.#nodes.set(key, path);
    forbids?.forbidden.set(key, performance.now());
  }

  /** Whatever is below a node is about to go with it. */
  leave(path: string): void {
    for (const [key, node] of this.#nodes) {
      if (!node.startsWith(`${path}/`)) continue;
      this.#allow(key);
      this.#nodes.delete(key);
    }
  }

  /** The servers lost their data, and are back. */
  lost(): void {
    this.leave('/dubbo');
    this.#tree.restart();
  }

  #allow(key: string): void {
    for (const { forbidden } of this.#slots) forbidden.delete(key);
  }

  get #kinds(): ReadonlyMap<string, Kind> {
    const weight = (): number => this.#random.between(50, 200);
    const config = (name: string, rule: object): { path: string; data: Buffer } => ({
      path: `${CONFIG}/${name}`,
      data: Buffer.from(stringify(rule)),
    });
    const weigh = (key: string, scope: string, target: Slot): object => {
      const addresses = [this.#random.chance(50) ? ANY : address(target)];
      return {
        configVersion: 'v3.0',
        scope,
        key,
        enabled: true,
        configs: [{ side: 'provider', addresses, parameters: { weight: weight() } }],
      };
    };
    const others = (target: Slot): string => `=> address != ${address(target)}`;
    return new Map<string, Kind>([
      ['old weight', { write: (service) => ({ path: oldNode('configurators', `override://${ANY}`, service, `weight=${weight()}`) }) }],
      [
        'old switch',
        {
          write: (service, target) => ({
            path: oldNode('configurators', `override://${address(target)}`, service, 'disabled=true'),
            forbids: target,
          }),
        },
      ],
      [
        'old route',
        {
          write: (service, target) => ({
            path: oldNode('routers', `condition://${ANY}`, service, `force=true&rule=${encodeURIComponent(others(target))}`),
            forbids: target,
          }),
        },
      ],
      ['weight', { write: (service, target) => config(`${service}::.configurators`, weigh(service, 'service', target)) }],
      [
        'conditions',
        {
          write: (service, target) => {
            const rule = {
              configVersion: 'v3.0',
              scope: 'service',
              key: service,
              force: true,
              enabled: true,
              conditions: [others(target)],
            };
            return { ...config(`${service}::.condition-router`, rule), forbids: target };
          },
        },
      ],
      [
        'application weight',
        {
          isShared: true,
          write: (_, target) => config(`${FLEET_APPLICATION}.configurators`, weigh(FLEET_APPLICATION, 'application', target)),
        },
      ],
      [
        'tags',
        {
          isShared: true,
          write: (_, target) => {
            const tags = [{ name: this.#random.of(['gray', 'blue']), addresses: [address(target)] }];
            const rule = { configVersion: 'v3.0', key: FLEET_APPLICATION, force: false, enabled: true, tags };
            return { ...config(`${FLEET_APPLICATION}.tag-router`, rule), forbids: target };
          },
        },
      ],
    ]);
  }
}

function address({ port }: Slot): string {
  return `127.0.0.1:${port}`;
}

function oldNode(category: 'configurators' | 'routers', url: string, service: string, more: string): string {
  return `/dubbo/${service}/${category}/${encodeURIComponent(`${url}/${service}?category=${category}&dynamic=false&enabled=true&${more}`)}`;
}
