import type { Endpoint, ServiceIdentity, ServicePort } from '@polywire/core/spi';
import type { AnnouncementSink } from './merged-services.ts';

/** A service as the nodes of a layout name it. Equal hosts mean equal services. */
export interface AnnouncedService {
  /** DNS-legal, deterministic, collision-free. */
  readonly host: string;
  readonly identity: ServiceIdentity;
  /** Codec that its endpoints speak. */
  readonly protocol: string;
  /** A constant of the layout, so that providers that come and go do not change the service. */
  readonly port: ServicePort;
  readonly annotations: ReadonlyMap<string, string>;
}

/** One endpoint of one service: what is announced unchanged is the same object. */
export interface Announcement {
  readonly service: AnnouncedService;
  /** Replaced once, by its lineage, before anybody else sees it. */
  endpoint: Endpoint;
  /** Milliseconds since 1970 at which it registered; 0 when it does not say. Tells a restarted provider from its former self. */
  readonly timestamp: number;
}

/** What a leaf announces, as far as it can be known now. */
export interface LeafReading {
  readonly announcements: readonly Announcement[];
  /** Settles when more can be known; the leaf is read again then. */
  readonly pending?: Promise<void> | undefined;
  /** The same for what may take long: everything counts as read without it. */
  readonly later?: Promise<void> | undefined;
  /** Why something of it could not be read; what was known of that is among the announcements, and it is tried again later. */
  readonly failure?: Error | undefined;
}

/** Understands one leaf; it lives as long as the leaf is there. */
export interface LeafReader {
  /** @param children names and, where the layout reads it, data */
  read(children: ReadonlyMap<string, Buffer>): LeafReading;
}

/** Which nodes of a tree matter, and what they mean. */
export interface Layout {
  /** Absolute path, e.g. `/dubbo`. */
  readonly root: string;
  /** Paths, below the root, of the nodes whose children announce services. A segment that is an asterisk stands for any name. */
  readonly leaves: readonly string[];
  /** Names that no asterisk stands for. */
  readonly skipped: ReadonlySet<string>;
  /** Whether the children's data are read. */
  readonly readsData: boolean;
  /** False: services may well be there without it, so that a root that is missing or may not be read is no fault of the registry. */
  readonly isRequired: boolean;
  /**
   * @param names what the asterisks stand for
   * @param path of the leaf
   */
  reader(names: readonly string[], path: string): LeafReader;
  /** Of which children the data are read; absent: of all. */
  isRead?(child: string): boolean;
  /** Whether a child whose data cannot be read does not keep the others from being read. */
  readonly readsApart?: boolean;
  /** Told of its leaves instead of the registry's services, by a layout that announces none. */
  readonly sink?: AnnouncementSink;
  /** Told whenever its own tree was read. */
  read?(): void;
  /** Told whenever all trees of the registry were read. */
  synced?(): void;
}
