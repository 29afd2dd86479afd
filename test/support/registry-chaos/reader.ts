import { BEACON_APPLICATION, BEACONS } from './beacon.ts';
import { RuleReader } from './rule-reader.ts';
import type { Tree } from './tree.ts';

/** Endpoints by service, each as `address weight tag` and what rules changed of it, sorted; services without any are left out. */
export type Endpoints = Readonly<Record<string, readonly string[]>>;

type Params = URLSearchParams | Map<string, string>;

/**
 * What is registered, read afresh and understood by the documents of those who write it: nothing here is shared with the proxy.
 * `Dubbo` by interface and application, SOFARPC, Motan and Spring Cloud, below their default roots.
 */
export async function readTree(tree: Tree): Promise<Endpoints> {
  const found = new Map<string, string[]>();
  const add = (key: string, endpoint: string): void => void found.set(key, [...(found.get(key) ?? []), endpoint]);
  const rules = new RuleReader(tree);
  /** A provider of Dubbo, as its service's rules leave it. */
  const addDubbo = async (protocol: string, address: string, params: Params): Promise<void> => {
    const service = params.get('interface') ?? '';
    const weight = Number(params.get('weight') ?? 100);
    const application = params.get('application') ?? '';
    const ruled = await rules.apply(service, { address, application, weight, tag: params.get('dubbo.tag') ?? undefined });
    add(dubboKey(protocol, params), endpoint(address, ruled.weight, ruled.tag, ruled.changes));
  };
  await readInterfaces(tree, addDubbo);
  await readDiscovery(tree, add, addDubbo);
  await readSofa(tree, add);
  await readMotan(tree, add);
  return sorted(found);
}

/** What the proxy has of its registry: `/config_dump`. */
export function endpointsOf(configDump: string): Endpoints {
  const found = new Map<string, string[]>();
  const { services } = JSON.parse(configDump) as { services: readonly Dumped[] };
  for (const { source, entry } of services) {
    if (!source.startsWith('zookeeper')) continue;
    const { name, group, version } = entry.identity;
    if (BEACONS.test(name)) continue;
    const key = `${entry.protocol} ${serviceKey(name, group, version)}`;
    found.set(
      key,
      entry.endpoints.map(({ address, port, weight, labels, overrides = [] }) => {
        const changes = overrides.map(({ effect, origin }) => `${effect} (${origin})`);
        return endpoint(`${address}:${port}`, weight, labels['dubbo.tag'], changes);
      }),
    );
  }
  return sorted(found);
}

/** By host, the rules on who takes which calls, in order, with their nodes; services without endpoints are left out. */
export type Rules = Readonly<Record<string, readonly string[]>>;

/** What the proxy has of its registry: `/config_dump`. */
export function rulesOf(configDump: string): Rules {
  const { services } = JSON.parse(configDump) as { services: readonly Dumped[] };
  return rulesIn(services.filter(({ source }) => source.startsWith('zookeeper')).map(({ entry }) => entry));
}

/** Of services. Without tags, those that were left by former ones do not count. */
export function rulesIn(entries: Iterable<Pick<Dumped['entry'], 'host' | 'endpointRules'> & { endpoints: readonly object[] }>): Rules {
  const found: [string, string[]][] = [];
  for (const { host, endpoints, endpointRules = [] } of entries) {
    const rules = endpointRules.filter(({ origin }) => !origin.endsWith('/providers'));
    if (endpoints.length > 0 && rules.length > 0) found.push([host, rules.map((rule) => JSON.stringify(rule))]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface Dumped {
  readonly source: string;
  readonly entry: {
    readonly host: string;
    readonly endpointRules?: readonly { readonly origin: string; readonly text: string }[];
    readonly protocol: string;
    readonly identity: { readonly name: string; readonly group?: string; readonly version?: string };
    readonly endpoints: readonly {
      readonly address: string;
      readonly port: number;
      readonly weight: number;
      readonly labels: Readonly<Record<string, string>>;
      readonly overrides?: readonly { readonly effect: string; readonly origin: string }[];
    }[];
  };
}

type Add = (key: string, endpoint: string) => void;
type AddDubbo = (protocol: string, address: string, params: Params) => Promise<void>;

async function readInterfaces(tree: Tree, add: AddDubbo): Promise<void> {
  for (const name of await tree.names('/dubbo')) {
    if (BEACONS.test(name)) continue;
    for (const node of await tree.names(`/dubbo/${name}/providers`)) {
      const { protocol, host, params } = providerUrl(node);
      await add(protocol, host, params);
    }
  }
}

/** `/services`, where Dubbo's applications and Spring Cloud's are side by side. */
async function readDiscovery(tree: Tree, add: Add, addDubbo: AddDubbo): Promise<void> {
  for (const name of await tree.names('/services')) {
    if (name === BEACON_APPLICATION) continue;
    for (const id of await tree.names(`/services/${name}`)) {
      const data = await tree.data(`/services/${name}/${id}`);
      if (data === undefined) continue;
      const { address, port, payload } = JSON.parse(data.toString());
      const metadata: Record<string, string> = payload.metadata;
      const revision = metadata['dubbo.metadata.revision'];
      if (revision === undefined) {
        if (metadata['instance_status'] === 'UP') add(`http ${name}`, endpoint(`${address}:${port}`));
        continue;
      }
      const report = await tree.data(`/dubbo/metadata/${name}/${revision}`);
      if (report === undefined) continue;
      for (const service of Object.values<{ protocol: string; params: Record<string, string> }>(JSON.parse(report.toString()).services)) {
        await addDubbo(service.protocol, `${address}:${port}`, new Map(Object.entries(service.params)));
      }
    }
  }
}

async function readSofa(tree: Tree, add: Add): Promise<void> {
  for (const name of await tree.names('/sofa-rpc')) {
    for (const node of await tree.names(`/sofa-rpc/${name}/providers`)) {
      const data = await tree.data(`/sofa-rpc/${name}/providers/${node}`);
      // The byte 00: registered, and out of service.
      if (data === undefined || (data.length === 1 && data[0] === 0)) continue;
      const { host, params } = providerUrl(node);
      const unique = [name, params.get('version') ?? '1.0', params.get('uniqueId')].filter(Boolean).join(':');
      add(`bolt ${unique}`, endpoint(host, params.get('weight')));
    }
  }
}

async function readMotan(tree: Tree, add: Add): Promise<void> {
  for (const group of await tree.names('/motan')) {
    for (const name of await tree.names(`/motan/${group}`)) {
      for (const host of await tree.names(`/motan/${group}/${name}/server`)) add(`motan ${serviceKey(name, group)}`, endpoint(host));
    }
  }
}

function providerUrl(node: string): { protocol: string; host: string; params: URLSearchParams } {
  const [, protocol = '', rest = ''] = /^(\w+):(.*)$/.exec(decodeURIComponent(node)) ?? [];
  const { host, searchParams: params } = new URL(`http:${rest}`);
  return { protocol, host, params };
}

function dubboKey(protocol: string, params: Params): string {
  return `${protocol} ${serviceKey(params.get('interface') ?? '', params.get('group'), params.get('version'))}`;
}

function serviceKey(name: string, group?: string | null, version?: string | null): string {
  return `${group ? `${group}/` : ''}${name}${version ? `:${version}` : ''}`;
}

function endpoint(
  address: string,
  weight: string | number | null = 100,
  tag: string | null = null,
  changes: readonly string[] = [],
): string {
  return [`${address} ${weight ?? 100} ${tag ?? '-'}`, ...changes].join('; ');
}

function sorted(found: ReadonlyMap<string, readonly string[]>): Endpoints {
  const full = [...found].filter(([, endpoints]) => endpoints.length > 0);
  return Object.fromEntries(full.map(([key, endpoints]) => [key, [...endpoints].sort()] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}
