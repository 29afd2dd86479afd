import type { Tree } from './tree.ts';

/** Endpoints by service, each as `address weight tag`, sorted; services without any are left out. */
export type Endpoints = Readonly<Record<string, readonly string[]>>;

type Params = URLSearchParams | Map<string, string>;

/**
 * What is registered, read afresh and understood by the documents of those who write it: nothing here is shared with the proxy.
 * `Dubbo` by interface and application, SOFARPC, Motan and Spring Cloud, below their default roots.
 */
export async function readTree(tree: Tree): Promise<Endpoints> {
  const found = new Map<string, string[]>();
  const add = (key: string, endpoint: string): void => void found.set(key, [...(found.get(key) ?? []), endpoint]);
  await readInterfaces(tree, add);
  await readDiscovery(tree, add);
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
    const key = `${entry.protocol} ${serviceKey(name, group, version)}`;
    found.set(
      key,
      entry.endpoints.map(({ address, port, weight, labels }) => endpoint(`${address}:${port}`, weight, labels['dubbo.tag'])),
    );
  }
  return sorted(found);
}

interface Dumped {
  readonly source: string;
  readonly entry: {
    readonly protocol: string;
    readonly identity: { readonly name: string; readonly group?: string; readonly version?: string };
    readonly endpoints: readonly {
      readonly address: string;
      readonly port: number;
      readonly weight: number;
      readonly labels: Readonly<Record<string, string>>;
    }[];
  };
}

type Add = (key: string, endpoint: string) => void;

async function readInterfaces(tree: Tree, add: Add): Promise<void> {
  for (const name of await tree.names('/dubbo')) {
    for (const node of await tree.names(`/dubbo/${name}/providers`)) {
      const { protocol, host, params } = providerUrl(node);
      add(dubboKey(protocol, params), dubboEndpoint(host, params));
    }
  }
}

/** `/services`, where Dubbo's applications and Spring Cloud's are side by side. */
async function readDiscovery(tree: Tree, add: Add): Promise<void> {
  for (const name of await tree.names('/services')) {
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
        const params = new Map(Object.entries(service.params));
        add(dubboKey(service.protocol, params), dubboEndpoint(`${address}:${port}`, params));
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

function dubboEndpoint(host: string, params: Params): string {
  return endpoint(host, params.get('weight'), params.get('dubbo.tag'));
}

function serviceKey(name: string, group?: string | null, version?: string | null): string {
  return `${group ? `${group}/` : ''}${name}${version ? `:${version}` : ''}`;
}

function endpoint(address: string, weight: string | number | null = 100, tag: string | null = null): string {
  return `${address} ${weight ?? 100} ${tag ?? '-'}`;
}

function sorted(found: ReadonlyMap<string, readonly string[]>): Endpoints {
  const full = [...found].filter(([, endpoints]) => endpoints.length > 0);
  return Object.fromEntries(full.map(([key, endpoints]) => [key, [...endpoints].sort()] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}
