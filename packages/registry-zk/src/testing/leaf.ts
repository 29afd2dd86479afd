import type { ServiceEntry } from '@polywire/core/spi';
import type { Layout, LeafReading } from '../follow/layout.ts';
import { MergedServices } from '../follow/merged-services.ts';

/** One leaf of a layout, its children given by hand. */
export class TestLeaf {
  /** What is in force. */
  readonly entries = new Map<string, ServiceEntry>();
  /** What the last update read. */
  reading: LeafReading = { announcements: [] };
  readonly #changed: ServiceEntry[] = [];
  readonly #set: (reading: LeafReading) => void;
  readonly #read: (children: ReadonlyMap<string, Buffer>) => LeafReading;

  /** @param names what stands for the asterisks of its path */
  constructor(layout: Layout, names: readonly string[]) {
    const path = '/p';
    const reader = layout.reader(names, path);
    const services = new MergedServices({
      upsert: (entry) => {
        this.entries.set(entry.host, entry);
        this.#changed.push(entry);
      },
      remove: (host) => void this.entries.delete(host),
      hold: () => undefined,
    }).layout(0);
    this.#read = (children) => reader.read(children);
    this.#set = ({ announcements }) => services.set(path, announcements);
  }

  /** @returns the services that changed */
  update(children: ReadonlyMap<string, Buffer>): ServiceEntry[] {
    this.reading = this.#read(children);
    this.#set(this.reading);
    return this.#changed.splice(0);
  }
}

/** Children without data. */
export function named(names: readonly string[]): Map<string, Buffer> {
  return new Map(names.map((name) => [name, Buffer.alloc(0)]));
}
