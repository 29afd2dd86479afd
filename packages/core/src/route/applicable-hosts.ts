import { patternId, type ServicePattern, specificity } from '../identity/service-key.ts';
import type { ServiceDirectory } from '../registry/entry-index.ts';
import type { HostIndex, IndexedHost } from './host-index.ts';
import type { ServiceView } from './service-view.ts';

/** Hosts that say the same of one service. */
export interface HostGroup<T> {
  readonly pattern: ServicePattern;
  /** In the order of their resources. */
  readonly hosts: readonly IndexedHost<T>[];
}

/**
 * The hosts that speak of a service, the most specific first: service keys and the interface itself, DNS names of its entries (which
 * mean exactly that entry's identity), and a lower-case spelling of the interface, since Istio takes no capitals. Wildcards not.
 */
export function applicableHosts<T>(index: HostIndex<T>, view: ServiceView, directory: ServiceDirectory): HostGroup<T>[] {
  const groups = new Map<string, { pattern: ServicePattern; hosts: Set<IndexedHost<T>> }>();
  const add = (pattern: ServicePattern, host: IndexedHost<T>): void => {
    const id = patternId(pattern);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { pattern, hosts: new Set([host]) });
    else group.hosts.add(host);
  };
  const isOtherInterface = (name: string): boolean => name !== view.name && directory.byInterface(name).length > 0;
  for (const host of index.named(view.name.toLowerCase())) {
    const { name, group, version } = host.pattern;
    const folded = name === name.toLowerCase() && !isOtherInterface(name);
    if (name === view.name || folded) add({ name: view.name, group, version }, host);
  }
  for (const variant of view.variants) {
    for (const name of new Set(variant.entries.flatMap((entry) => [...entry.hosts]))) {
      if (name === view.name.toLowerCase()) continue;
      for (const host of index.named(name)) {
        if (specificity(host.pattern) === 0 && !isOtherInterface(host.pattern.name)) add(variant.pattern, host);
      }
    }
  }
  return [...groups.values()]
    .map(({ pattern, hosts }) => ({ pattern, hosts: [...hosts].sort((a, b) => a.order - b.order) }))
    .sort((a, b) => specificity(b.pattern) - specificity(a.pattern));
}

/** Lower-case names by which wildcards may mean a service. */
export function wildcardNames(view: ServiceView): Set<string> {
  const hosts = view.variants.flatMap(({ entries }) => entries.flatMap((entry) => [...entry.hosts]));
  return new Set([view.name.toLowerCase(), ...hosts]);
}
