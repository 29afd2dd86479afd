import type { RegistryContext } from '@polywire/core/spi';
import type { Announcement, LeafReader, LeafReading } from './layout.ts';

/** A child that announces nothing. `ignored`: well-formed, and of another protocol or out of service. */
export interface OtherChild {
  readonly kind: 'ignored' | 'unreadable';
  readonly reason: string;
}

interface Child {
  readonly data: Buffer;
  readonly announcement: Announcement | undefined;
}

/** What a `ChildReader` is told. */
export interface ChildReaderOptions {
  /** What one child announces. */
  readonly read: (name: string, data: Buffer) => Announcement | OtherChild;
  /** Told once of each child that announces nothing. */
  readonly onOther: (name: string, other: OtherChild) => void;
}

/** Reads leaves of which each child announces one endpoint of one service. */
export class ChildReader implements LeafReader {
  readonly #options: ChildReaderOptions;
  #children: ReadonlyMap<string, Child> = new Map();
  #reading: LeafReading = { announcements: [] };

  constructor(options: ChildReaderOptions) {
    this.#options = options;
  }

  /** What is the same as before is the same object as before: one endpoint, or all of them. */
  read(children: ReadonlyMap<string, Buffer>): LeafReading {
    if (this.#isKnown(children)) return this.#reading;
    const former = this.#children;
    const now = new Map<string, Child>();
    for (const [name, data] of children) {
      const known = former.get(name);
      now.set(name, isSame(known, data) ? known : { data, announcement: this.#announcement(name, data) });
    }
    this.#children = now;
    this.#reading = { announcements: [...now.values()].flatMap(({ announcement }) => announcement ?? []) };
    return this.#reading;
  }

  #isKnown(children: ReadonlyMap<string, Buffer>): boolean {
    if (children.size !== this.#children.size) return false;
    for (const [name, data] of children) if (!isSame(this.#children.get(name), data)) return false;
    return true;
  }

  #announcement(name: string, data: Buffer): Announcement | undefined {
    const read = this.#options.read(name, data);
    if (!('kind' in read)) return read;
    this.#options.onOther(name, read);
    return undefined;
  }
}

function isSame(known: Child | undefined, data: Buffer): known is Child {
  return known !== undefined && (known.data === data || known.data.equals(data));
}

/** Says in the log which children of a leaf announce nothing. */
export function logOther(log: RegistryContext['log'], what: string, path: string): ChildReaderOptions['onOther'] {
  return (name, { kind, reason }) =>
    log(kind === 'ignored' ? 'debug' : 'warn', `${kind} provider of ${what}: ${reason}`, { node: `${path}/${name}` });
}
