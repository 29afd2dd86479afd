import { parse } from 'yaml';
import type { Tree } from './tree.ts';

const CONFIG = '/dubbo/config/dubbo';
const ANY = '0.0.0.0';

/** What a provider of Dubbo says of itself. */
export interface Said {
  /** `host:port`. */
  readonly address: string;
  readonly application: string;
  readonly weight: number;
  readonly tag: string | undefined;
}

/** The same as rules leave it, with what each did. */
export interface Ruled extends Pick<Said, 'weight' | 'tag'> {
  readonly changes: readonly string[];
}

/** A change of parameters, for an address or for all. */
interface Configurator {
  readonly origin: string;
  readonly address: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A document of the configuration centre, as far as the rules of these tests go. */
interface Document {
  readonly configs?: readonly { readonly addresses: readonly string[]; readonly parameters: Readonly<Record<string, unknown>> }[];
  readonly tags?: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

/** Reads the rules of one tree afresh, and applies them as Dubbo's documents say: nothing here is shared with the proxy. */
export class RuleReader {
  readonly #tree: Tree;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** @param service interface, without group and version */
  async apply(service: string, said: Said): Promise<Ruled> {
    const old = await this.#old(service);
    const application = await this.#configurators(`${said.application}.configurators`);
    const own = await this.#configurators(`${service}::.configurators`);
    // Of all before those of one; providers change themselves by every one, and consumers what is registered by those of 2.6 that say no side.
    const set = new Map<string, { value: string; origin: string }>();
    for (const { origin, address, parameters } of [...old, ...application, ...own, ...old]) {
      if (address !== ANY && address !== said.address) continue;
      for (const [key, value] of Object.entries(parameters)) set.set(key, { value: String(value), origin });
    }
    const was: Readonly<Record<string, string>> = { weight: String(said.weight) };
    const changes = [...set].map(([key, { value, origin }]) => {
      const how = was[key] === value ? 'as it says itself' : `was ${was[key] ?? 'not set'}`;
      return `${key} ${value}, ${how} (${origin})`;
    });
    const weight = set.get('disabled')?.value === 'true' ? 0 : Number(set.get('weight')?.value ?? said.weight);
    const path = `${CONFIG}/${said.application}.tag-router`;
    const given = (await this.#document(path))?.tags?.find(({ addresses }) => addresses.includes(said.address))?.name;
    if (given !== undefined) changes.push(`dubbo.tag ${given}, was ${said.tag ?? 'not set'} (${path})`);
    return { weight, tag: given ?? said.tag, changes };
  }

  async #old(service: string): Promise<Configurator[]> {
    const list = `/dubbo/${service}/configurators`;
    const all = (await this.#tree.names(list)).map((name) => {
      const { host, searchParams } = new URL(decodeURIComponent(name).replace('override:', 'http:'));
      const parameters = Object.fromEntries([...searchParams].filter(([key]) => key === 'weight' || key === 'disabled'));
      return { origin: `${list}/${name}`, address: host, parameters };
    });
    return all.sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  async #configurators(name: string): Promise<Configurator[]> {
    const origin = `${CONFIG}/${name}`;
    const { configs = [] } = (await this.#document(origin)) ?? {};
    return configs.flatMap(({ addresses, parameters }) => addresses.map((address) => ({ origin, address, parameters })));
  }

  async #document(path: string): Promise<Document | undefined> {
    const data = await this.#tree.data(path);
    return data === undefined ? undefined : parse(data.toString());
  }
}
