import type { EndpointCondition, EndpointRule, RequestCondition, ServiceEntry } from '@polywire/core/spi';
import { DubboLayout } from '../dubbo/dubbo-layout.ts';
import { MergedServices } from '../follow/merged-services.ts';
import { Governance } from '../governance/governance.ts';
import { named } from './leaf.ts';
import { javaUrlEncode, providerUrl } from './providers.ts';

export const FLEET = 'com.acme.api.Fleet';
const CONFIG = '/dubbo/config/dubbo';

/** Providers of one interface, and rules, given by hand. */
export class Governed {
  /** What is in force, by host. */
  readonly entries = new Map<string, ServiceEntry>();
  readonly log: string[] = [];
  readonly governance: Governance;
  readonly #changed: string[] = [];
  readonly #providers: (children: readonly string[]) => void;
  readonly #config = new Map<string, Buffer>();

  constructor() {
    const log = (level: string, message: string, fields?: Readonly<Record<string, unknown>>): void => {
      const error = fields?.['error'];
      this.log.push(`${level}: ${message}${error instanceof Error ? ` (${error.message})` : ''}`);
    };
    this.governance = new Governance(['tree'], log);
    const services = new MergedServices(
      {
        upsert: (entry) => {
          this.entries.set(entry.host, entry);
          this.#changed.push(entry.host);
        },
        remove: (host) => this.entries.delete(host),
        hold: () => undefined,
      },
      this.governance,
    );
    this.governance.attach(services);
    const path = `/dubbo/${FLEET}/providers`;
    const reader = new DubboLayout('/dubbo', log).reader([FLEET], path);
    const sink = services.layout(0);
    this.#providers = (children) => sink.set(path, reader.read(named(children)).announcements);
  }

  /** All trees were read. */
  read(): this {
    this.governance.read('tree');
    return this;
  }

  /** By port, what each says beside the usual. */
  providers(ports: Readonly<Record<number, Readonly<Record<string, string>>>>): this {
    this.#providers(Object.entries(ports).map(([port, more]) => javaUrlEncode(providerUrl(FLEET, Number(port), more))));
    return this;
  }

  /** Writes a node of the configuration centre; undefined removes it. */
  config(name: string, text: string | undefined): this {
    if (text === undefined) this.#config.delete(name);
    else this.#config.set(name, Buffer.from(text));
    this.governance.setConfig(CONFIG, this.#config);
    return this;
  }

  /** Writes the children of `configurators` or `routers`, not encoded. */
  old(category: 'configurators' | 'routers', urls: readonly string[]): this {
    this.governance.setOld(FLEET, `/dubbo/${FLEET}/${category}`, urls.map(javaUrlEncode));
    return this;
  }

  get entry(): ServiceEntry {
    const [entry, more] = this.entries.values();
    if (entry === undefined || more !== undefined) throw new Error(`${this.entries.size} services`);
    return entry;
  }

  get rules(): readonly EndpointRule[] {
    return this.entry.endpointRules ?? [];
  }

  /** What each endpoint was changed to, by port. */
  get effects(): Record<number, string[]> {
    const changed = this.entry.endpoints.filter(({ overrides }) => overrides !== undefined);
    return Object.fromEntries(changed.map(({ port, overrides = [] }) => [port, overrides.map(({ effect }) => effect)]));
  }

  get weights(): Record<number, number> {
    return Object.fromEntries(this.entry.endpoints.map(({ port, weight }) => [port, weight]));
  }

  /** Hosts that were delivered since it was asked last. */
  delivered(): string[] {
    return this.#changed.splice(0);
  }

  /** Ports of the endpoints that may take a call. */
  takers(headers: Readonly<Record<string, string>> = {}, method = 'echo', source = '10.9.9.9'): number[] {
    return takers(this.entry, { method, headers, source });
  }
}

interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Address of the caller. */
  readonly source: string;
}

/** Written from EndpointRule's own words, so that what is compiled is not judged by what compiled it. */
function takers({ endpoints, endpointRules = [] }: ServiceEntry, { method, headers, source }: Asked): number[] {
  let left = endpoints;
  for (const { fault, match, choices, otherwise } of endpointRules) {
    const asked = ({ of }: RequestCondition): string | undefined =>
      of.kind === 'method' ? method : of.kind === 'source' ? source : headers[of.name];
    if (fault !== undefined || !match.every((each) => fits(each, asked(each), source))) continue;
    const chosen = choices
      .map((conditions) =>
        left.filter((endpoint) =>
          conditions.every((each) => {
            const { of } = each;
            if (of.kind === 'ip') return fits(each, endpoint.address, source);
            if (of.kind === 'address') return fits(each, `${endpoint.address}:${endpoint.port}`, source);
            return fits(each, endpoint.labels.get(of.name) ?? endpoint.metadata.get(of.name), source);
          }),
        ),
      )
      .find((endpoints) => endpoints.length > 0);
    if (chosen !== undefined) left = chosen;
    else if (otherwise === 'refuse') return [];
  }
  return left.map(({ port }) => port);
}

function fits({ match, negated }: Pick<EndpointCondition, 'match' | 'negated'>, value: string | undefined, source: string): boolean {
  const holds = (text: string): boolean => {
    if (match.kind === 'source') return text === source;
    if (match.kind === 'present') return true;
    if (match.kind === 'exact') return text === match.value;
    if (match.kind === 'prefix') return text.startsWith(match.value);
    const ignoresCase = match.value.startsWith('(?i)');
    return new RegExp(`^(?:${match.value.replace('(?i)', '')})$`, ignoresCase ? 'i' : '').test(text);
  };
  return (value !== undefined && holds(value)) !== negated;
}
