import type { WarmUp } from './warm-up.ts';

/** One address of a service and what its registry said of it. Immutable: a change is a new object. */
export interface Endpoint {
  /** IP address or host name. */
  readonly address: string;
  readonly port: number;
  /** Relative share of requests; 0 takes none. */
  readonly weight: number;
  /** When it started, in milliseconds since 1970, by its own clock; absent: its registry does not say. */
  readonly startedAt?: number;
  /** How it comes to its share after it started; absent: it takes it at once. A DestinationRule may say otherwise. */
  readonly warmUp?: WarmUp;
  /** Stable, Istio-legal: what subsets select on. */
  readonly labels: ReadonlyMap<string, string>;
  /** Everything else the registry said (timestamp, methods, timeouts). */
  readonly metadata: ReadonlyMap<string, string>;
  /** Where it was read: file position or registry path. */
  readonly origin: string;
  /** In which of the registry's sessions, and when; absent for files. It says nothing of what the endpoint is: two that differ in it alone are equal. */
  readonly learnt?: Learnt;
  /** What else of the registry's changed what is said here; absent: nothing. */
  readonly overrides?: readonly Override[];
}

/** When a registry said something. */
export interface Learnt {
  /** As the registry numbers its sessions. */
  readonly session: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A rule of a registry's that changed what an endpoint says of itself. */
export interface Override {
  /** Registry path. */
  readonly origin: string;
  /** `weight 200, was 100` */
  readonly effect: string;
}
