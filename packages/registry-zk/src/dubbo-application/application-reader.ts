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
  /** Told of each instance whose services cannot be known, whenever that is found out. */
  readonly onAbsent: (instance: ApplicationInstance, revision: string) => void;
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
    const pending: Promise<void>[] = [];
    const revisions = new Set<string>();
    let failure: Error | undefined;
    for (const child of this.#children.values()) {
      const state = this.#update(child, revisions);
      if (state?.kind === 'pending') pending.push(state.settled);
      else if (state?.kind === 'failed') failure ??= state.error;
    }
    this.#options.revisions.retain(revisions);
    return {
      announcements: [...this.#children.values()].flatMap(({ announcements }) => announcements),
      pending: pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined),
      failure,
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

  #update(child: Child, revisions: Set<string>): RevisionState | undefined {
    const { read } = child;
    if (read.kind !== 'instance') return undefined;
    const { revision } = read;
    const state = revision === undefined ? NO_SERVICES : this.#options.revisions.get(revision, read);
    if (revision !== undefined) revisions.add(revision);
    if (state.kind === 'known' && state.services !== child.services) {
      child.announcements = this.#options.announce(read, state.services);
      child.services = state.services;
    } else if (state.kind === 'absent') {
      child.announcements = [];
      child.services = undefined;
      this.#options.onAbsent(read, revision ?? '');
    }
    return state;
  }
}

const NO_SERVICES: RevisionState = { kind: 'known', services: [] };
