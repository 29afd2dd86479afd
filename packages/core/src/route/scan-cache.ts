import type { HeaderScan, ScanRequest } from '../protocol/spi.ts';

/** A scan and where it puts what. */
export interface NamedScan<H> {
  readonly scan: HeaderScan<H>;
  /** Of `scan.values`, in their order. */
  readonly names: readonly string[];
  /** @throws Error for a name that the scan was not made for */
  indexOf(name: string): number;
}

/** What the scans of a listener's protocol have in common. */
export interface ScanCacheOptions<H> {
  readonly caseSensitive: boolean;
  /** Names that filters declared: always the first values, in this order, without repetition. */
  readonly declared: readonly string[];
  readonly timeout: boolean;
  readonly affinity: boolean;
  /** @throws ConfigError for a name that this protocol can never have */
  compile(wanted: ScanRequest): HeaderScan<H>;
}

/** A header's name as it compares. What stands in a pseudo-header's brackets is no name of a header. */
export function headerKey(name: string, caseSensitive: boolean): string {
  return caseSensitive || name.startsWith(':') ? name : name.toLowerCase();
}

/** One scan per distinct set of names: most services ask for the same. */
export class ScanCache<H> {
  readonly #options: ScanCacheOptions<H>;
  readonly #scans = new Map<string, NamedScan<H>>();

  constructor(options: ScanCacheOptions<H>) {
    this.#options = options;
  }

  /** @throws ConfigError for a name that this protocol can never have */
  get(wanted: Iterable<string>): NamedScan<H> {
    const { declared, timeout, affinity } = this.#options;
    const first = declared.map((name) => this.normalize(name));
    const rest = new Set([...wanted].map((name) => this.normalize(name)));
    for (const name of first) rest.delete(name);
    const names = [...first, ...[...rest].sort()];
    const key = JSON.stringify(names);
    const known = this.#scans.get(key);
    if (known !== undefined) return known;
    const scan = this.#options.compile({ names, timeout, affinity });
    const made = { scan, names, indexOf: (name: string) => this.#indexOf(names, name) };
    this.#scans.set(key, made);
    return made;
  }

  /** As names compare in this protocol. */
  normalize(name: string): string {
    return headerKey(name, this.#options.caseSensitive);
  }

  #indexOf(names: readonly string[], name: string): number {
    const index = names.indexOf(this.normalize(name));
    if (index < 0) throw new Error(`header ${name} is not part of the scan`);
    return index;
  }
}
