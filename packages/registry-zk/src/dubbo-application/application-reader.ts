import type { OtherChild } from '../follow/child-reader.ts';
import type { Announcement, LeafReader, LeafReading } from '../follow/layout.ts';
import { type ApplicationInstance, readApplicationInstance } from './instance.ts';
import type { ExportedService } from './metadata.ts';
import type { RevisionState, Revisions } from './revisions.ts';

interface Child {
  readonly data: Buffer;
  readonly read: ApplicationInstance | OtherChild;
  /** Of the last revision that was known, this node's former one included. */
  announcements: readonly Announcement[];
  /** The services that these are of. */
  services: readonly ExportedService[] | undefined;
}

/** What an `ApplicationReader` works with. */
export interface ApplicationReaderOptions {
  /** Of `/services/<application>`. */
  readonly path: string;
  readonly revisions: Revisions;
  readonly announce: (instance: ApplicationInstance, services: readonly ExportedService[]) => readonly Announcement[];
  /** Told once of each child that is no instance of a Dubbo application. */
  readonly onOther: (name: string, other: OtherChild) => void;
  /** Told of each instance whose services are not known although somebody was asked, whenever that is found out. */
  readonly onUnknown: (instance: ApplicationInstance, revision: string, reason: string) => void;
}

/** The instances of one application. */
export class ApplicationReader implements LeafReader {
  readonly #options: ApplicationReaderOptions;
  #children: ReadonlyMap<string, Child> = new Map();

  constructor(options: ApplicationReaderOptions) {
    this.#options = options;
  }

  read(children: ReadonlyMap<string, Buffer>): LeafReading {
    const former = this.#children;
    this.#children = new Map([...children].map(([name, data]) => [name, this.#child(name, data, former.get(name))]));
    const states = this.#ask();
    for (const child of this.#children.values()) this.#update(child, states);
    const unknown = [...states.values()].flatMap((state) => (state.kind === 'unknown' ? state : []));
    return {
      announcements: [...this.#children.values()].flatMap(({ announcements }) => announcements),
      pending: all(unknown.flatMap(({ pending }) => pending ?? [])),
      later: first(unknown.flatMap(({ later }) => later ?? [])),
      failure: unknown.find(({ failure }) => failure !== undefined)?.failure,
    };
  }

  #child(name: string, data: Buffer, former: Child | undefined): Child {
    if (former?.data.equals(data)) return former;
    const read = readApplicationInstance(data, `${this.#options.path}/${name}`);
    if (read.kind !== 'instance') {
      this.#options.onOther(name, read);
      return { data, read, announcements: [], services: undefined };
    }
    // What it had stays in force until it is known what it has now.
    return { data, read, announcements: former?.announcements ?? [], services: undefined };
  }

  /** Each revision once, with all its instances. */
  #ask(): Map<string, RevisionState> {
    const instances = new Map<string, ApplicationInstance[]>();
    for (const { read } of this.#children.values()) {
      if (read.kind !== 'instance' || read.revision === undefined) continue;
      const same = instances.get(read.revision) ?? [];
      instances.set(read.revision, same);
      same.push(read);
    }
    const { revisions } = this.#options;
    revisions.retain(new Set(instances.keys()));
    return new Map([...instances].map(([revision, same]) => [revision, revisions.get(revision, same)]));
  }

  #update(child: Child, states: ReadonlyMap<string, RevisionState>): void {
    const { read } = child;
    if (read.kind !== 'instance') return;
    const { revision } = read;
    const state = revision === undefined ? NO_SERVICES : states.get(revision);
    if (state?.kind === 'known') {
      if (state.services === child.services) return;
      child.announcements = this.#options.announce(read, state.services);
      child.services = state.services;
    } else if (state?.answer !== undefined) {
      if (state.answer.kind === 'absent') child.announcements = [];
      this.#options.onUnknown(read, revision ?? '', state.answer.reason);
    }
  }
}

const NO_SERVICES: RevisionState = { kind: 'known', services: [] };

function all(promises: readonly Promise<void>[]): Promise<void> | undefined {
  return promises.length === 0 ? undefined : Promise.all(promises).then(() => undefined);
}

function first(promises: readonly Promise<void>[]): Promise<void> | undefined {
  return promises.length === 0 ? undefined : Promise.race(promises);
}
