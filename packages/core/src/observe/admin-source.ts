import type { PublisherStatus } from '../publish/publisher.ts';
import type { DirectoryEntry } from '../registry/entry-index.ts';
import type { SourceStatus, UnreadPart } from '../registry/service-entry-store.ts';
import type { LogLevel } from './log.ts';
import type { Metric } from './metrics.ts';

/** An endpoint of a cluster as it is right now. */
export interface EndpointStatus {
  /** `address:port`. */
  readonly address: string;
  readonly weight: number;
  /** What it counts while it warms up, and when, in ISO 8601, it counts its weight; absent: it does. */
  readonly warming?: { readonly weight: number; readonly until: string };
  readonly labels: Readonly<Record<string, string>>;
  /** False while it backs off after a failed connect. */
  readonly available: boolean;
  /** Milliseconds until it is tried again; 0 when it is available. */
  readonly backoffMs: number;
  readonly activeRequests: number;
  readonly connections: number;
  /** File position or registry path. */
  readonly origin: string;
}

/** A cluster as it is right now. */
export interface ClusterStatus {
  readonly name: string;
  /** As a balancer's factory is named. */
  readonly loadBalancer: string;
  /** How its endpoints are connected to, as Istio calls it; absent: plainly. */
  readonly tls?: string | undefined;
  readonly origin: string;
  readonly endpoints: readonly EndpointStatus[];
}

/** A listener as it is right now. */
export interface ListenerStatus {
  readonly name: string;
  /** `address:port` as bound, or as configured while it is not. */
  readonly address: string;
  /** In the order in which they are asked, with their settings. */
  readonly protocols: readonly { readonly name: string; readonly settings: Readonly<Record<string, string>> }[];
  /** What becomes of connections of none of them: `refused`, or the target that they are passed on to; undefined: nothing is detected. */
  readonly fallback: string | undefined;
  /** The one address that all requests, or all bytes, go to, or the service that they are for; undefined: requests are routed. */
  readonly upstream: string | undefined;
  /** Who shows a certificate: the `server`, or both; absent: callers come plainly. */
  readonly tls?: 'server' | 'mutual' | undefined;
  readonly connections: number;
}

/** What the admin listener shows. Everything is asked for when a request comes. */
export interface AdminSource {
  metrics(): Iterable<Metric>;
  listeners(): Iterable<ListenerStatus>;
  clusters(): Iterable<ClusterStatus>;
  registries(): Iterable<SourceStatus>;
  /** What each source says of a service. @param name its host, or its interface */
  services(name: string): readonly DirectoryEntry[];
  /** What of a service each source could never read. @param name its interface */
  unread(name: string): readonly (UnreadPart & { readonly source: string })[];
  publishers(): Iterable<PublisherStatus>;
  /** The snapshot in force, with positions. Maps and sets are welcome; secrets are masked by the listener. */
  configDump(): unknown;
  /** `reason` says what is waited for, or that nothing is. */
  readiness(): { readonly ready: boolean; readonly reason: string };
  readonly log: { level: LogLevel };
}
