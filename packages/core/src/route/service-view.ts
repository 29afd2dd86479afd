import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import { patternId, type ServicePattern, specificity } from '../identity/service-key.ts';
import type { DirectoryEntry, ServiceDirectory } from '../registry/entry-index.ts';

/** Entries of one service that share an identity. */
export interface Variant {
  readonly pattern: ServicePattern;
  readonly entries: readonly DirectoryEntry[];
}

/** One interface as the directory knows it, for one protocol. */
export interface ServiceView {
  readonly name: string;
  /** The most specific first. Empty: nobody announces it for this protocol. */
  readonly variants: readonly Variant[];
  /** Protocols of its entries that this protocol's callers cannot use. */
  readonly otherProtocols: ReadonlySet<string>;
}

/** Who an entry is, for the interface `name`. Without an identity it is any group and version of that interface. */
export function entryPattern(entry: DirectoryEntry, name: string): ServicePattern {
  const identity = entry.entry.identity;
  if (identity === undefined) return { name, group: undefined, version: undefined };
  const absent = entry.exactIdentity ? '' : undefined;
  return { name, group: identity.group ?? absent, version: identity.version ?? absent };
}

/** Whether callers of a protocol can talk to an entry's endpoints. Bytes that are passed on as they are go anywhere. */
export function speaks(entry: DirectoryEntry, protocol: string): boolean {
  return protocol === OPAQUE_PROTOCOL || entry.entry.protocol === undefined || entry.entry.protocol === protocol;
}

/** Entries that are this interface: by identity, or, of those that do not say who they are, by host. */
export function entriesOfInterface(directory: ServiceDirectory, name: string): DirectoryEntry[] {
  const unnamed = directory.byHost(name.toLowerCase()).filter(({ entry }) => entry.identity === undefined);
  return [...directory.byInterface(name), ...unnamed];
}

/** @param name the interface */
export function viewService(directory: ServiceDirectory, name: string, protocol: string): ServiceView {
  const variants = new Map<string, { pattern: ServicePattern; entries: DirectoryEntry[] }>();
  const otherProtocols = new Set<string>();
  for (const entry of entriesOfInterface(directory, name)) {
    if (!speaks(entry, protocol)) {
      if (entry.entry.protocol !== undefined) otherProtocols.add(entry.entry.protocol);
      continue;
    }
    const pattern = entryPattern(entry, name);
    const id = patternId(pattern);
    const variant = variants.get(id);
    if (variant === undefined) variants.set(id, { pattern, entries: [entry] });
    else variant.entries.push(entry);
  }
  const sorted = [...variants.values()].sort((a, b) => specificity(b.pattern) - specificity(a.pattern));
  return { name, variants: sorted, otherProtocols };
}
