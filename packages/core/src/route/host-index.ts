import type { WrittenHost } from '../config/model.ts';
import { parseServiceKey, type ServicePattern } from '../identity/service-key.ts';

/** A host as a resource writes it, and what it says. */
export interface IndexedHost<T> {
  readonly resource: T;
  readonly host: WrittenHost;
  readonly pattern: ServicePattern;
  /** Place in the order of the resources. */
  readonly order: number;
}

/** Whether `*`, or `*.suffix`, means a name, which is in lower case. */
export function matchesWildcard(wildcard: string, name: string): boolean {
  return name.endsWith(wildcard.slice(1).toLowerCase());
}

/** Hosts of resources by name, and leading wildcards, longest first. */
export class HostIndex<T> {
  readonly #named = new Map<string, IndexedHost<T>[]>();
  readonly wildcards: readonly IndexedHost<T>[];

  /** @param resources in the order in which they are merged */
  constructor(resources: Iterable<{ readonly resource: T; readonly host: WrittenHost }>) {
    const wildcards: IndexedHost<T>[] = [];
    let order = 0;
    for (const { resource, host } of resources) {
      const pattern = parseServiceKey(host.text);
      if (pattern === undefined) continue;
      const indexed = { resource, host, pattern, order: order++ };
      if (host.text.startsWith('*')) wildcards.push(indexed);
      else this.#add(pattern.name.toLowerCase(), indexed);
    }
    this.wildcards = wildcards.sort((a, b) => b.host.text.length - a.host.text.length || a.order - b.order);
  }

  /** Hosts whose interface or DNS name is this, in lower case. */
  named(name: string): readonly IndexedHost<T>[] {
    return this.#named.get(name) ?? [];
  }

  /** Every name, in lower case, with its hosts; wildcards are not among them. */
  names(): Iterable<readonly [name: string, hosts: readonly IndexedHost<T>[]]> {
    return this.#named;
  }

  /** All hosts of the longest wildcard that matches one of the names, which are in lower case. */
  wildcard(names: Iterable<string>): readonly IndexedHost<T>[] {
    const list = [...names];
    const first = this.wildcards.find(({ host }) => list.some((name) => matchesWildcard(host.text, name)));
    return first === undefined ? [] : this.wildcards.filter(({ host }) => host.text === first.host.text);
  }

  #add(name: string, indexed: IndexedHost<T>): void {
    const list = this.#named.get(name);
    if (list === undefined) this.#named.set(name, [indexed]);
    else list.push(indexed);
  }
}
