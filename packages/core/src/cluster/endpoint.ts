/** One address of a service and what its registry said of it. Immutable: a change is a new object. */
export interface Endpoint {
  /** IP address or host name. */
  readonly address: string;
  readonly port: number;
  /** Relative share of requests; 0 takes none. */
  readonly weight: number;
  /** Stable, Istio-legal: what subsets select on. */
  readonly labels: ReadonlyMap<string, string>;
  /** Everything else the registry said (timestamp, methods, timeouts). */
  readonly metadata: ReadonlyMap<string, string>;
  /** Where it was read: file position or registry path. */
  readonly origin: string;
}
