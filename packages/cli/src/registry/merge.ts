import type { Endpoint, ServiceEntry } from '@polywire/core/spi';

/**
 * One entry for each host, sorted: several registries, or files, may announce one service. The first says what the service is; of two that
 * name one address of it, the first says what is there.
 */
export function mergeEntries(entries: Iterable<ServiceEntry>): ServiceEntry[] {
  const byHost = new Map<string, ServiceEntry[]>();
  for (const entry of entries) {
    const key = entry.host.toLowerCase();
    const group = byHost.get(key);
    if (group === undefined) byHost.set(key, [entry]);
    else group.push(entry);
  }
  return [...byHost].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, group]) => mergeOne(group) ?? []);
}

/** undefined: nobody announces it. */
export function mergeOne(entries: readonly ServiceEntry[]): ServiceEntry | undefined {
  const [first] = entries;
  if (first === undefined || entries.length === 1) return first;
  const endpoints = new Map<string, Endpoint>();
  for (const endpoint of entries.flatMap((entry) => entry.endpoints)) {
    const key = `${endpoint.address} ${endpoint.port}`;
    if (!endpoints.has(key)) endpoints.set(key, endpoint);
  }
  return { ...first, endpoints: [...endpoints.values()] };
}
