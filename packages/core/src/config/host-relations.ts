import { overlaps, parseServiceKey, type ServicePattern, specificity } from '../identity/service-key.ts';
import type { ServiceEntry } from '../registry/registry.ts';

/** Which written hosts can mean the same service, as far as the files' service entries and the texts themselves say. */
export class HostRelations {
  readonly #byHost = new Map<string, ServiceEntry>();
  readonly #byInterface = new Map<string, ServiceEntry[]>();

  constructor(entries: readonly ServiceEntry[]) {
    for (const entry of entries) {
      for (const host of [entry.host, ...entry.aliases]) this.#byHost.set(host.toLowerCase(), entry);
      if (entry.identity === undefined) continue;
      const same = this.#byInterface.get(entry.identity.name);
      if (same === undefined) this.#byInterface.set(entry.identity.name, [entry]);
      else same.push(entry);
    }
  }

  /** The files' service entries that a host without wildcard names. */
  entriesOf(host: string): readonly ServiceEntry[] {
    const named = this.#byHost.get(host.toLowerCase());
    if (named !== undefined) return [named];
    const key = parseServiceKey(host);
    if (key === undefined) return [];
    const same = this.#byInterface.get(key.name) ?? [];
    const fitting = same.filter(({ identity }) => identity !== undefined && overlaps(key, identity));
    if (fitting.length > 0) return fitting;
    const unsaid = this.#byHost.get(key.name.toLowerCase());
    return unsaid !== undefined && unsaid.identity === undefined ? [unsaid] : [];
  }

  /** False only when the rule's host surely is another service than the destination's. */
  mayBeSame(rule: string, destination: string): boolean {
    if (rule === destination || rule === '*') return true;
    if (rule.startsWith('*.')) return destination.toLowerCase().endsWith(rule.slice(1).toLowerCase());
    const left = this.entriesOf(rule);
    const right = this.entriesOf(destination);
    if (left.length > 0 && right.length > 0) return left.some((entry) => right.includes(entry));
    if (canBeSame(parseServiceKey(rule), parseServiceKey(destination))) return true;
    // A registry may give a service key any generated host: only the running proxy knows which.
    return isSurelyKey(rule) !== isSurelyKey(destination);
  }
}

/** Whether two different keys can name the same service while neither is more specific. */
export function keysCollide(left: string, right: string): boolean {
  if (left === right) return false;
  const [a, b] = [parseServiceKey(left), parseServiceKey(right)];
  return a !== undefined && b !== undefined && canBeSame(a, b) && specificity(a) === specificity(b);
}

function canBeSame(a: ServicePattern | undefined, b: ServicePattern | undefined): boolean {
  return a !== undefined && b !== undefined && a.name === b.name && overlaps(a, b);
}

function isSurelyKey(host: string): boolean {
  return /[A-Z/:]/.test(host);
}
