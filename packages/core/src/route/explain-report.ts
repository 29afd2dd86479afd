import type { Override } from '../cluster/endpoint.ts';
import type { HoldReason } from '../registry/registry.ts';
import type { ExplainedCondition } from './rule.ts';
import type { RouteRefusal } from './service-routes.ts';

/** A request that may not have been made. */
export interface ExplainRequest {
  readonly service: string;
  readonly method: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
  readonly headers: ReadonlyMap<string, string>;
  /** IP address that the connection comes from; absent: not known. */
  readonly source?: string | undefined;
}

/** An entry of the service. */
export interface ExplainedIdentity {
  /** `group/interface:version` */
  readonly key: string;
  /** '': must be absent; undefined: any. */
  readonly group: string | undefined;
  readonly version: string | undefined;
  readonly host: string;
  readonly source: string;
  readonly origin: string;
  /** Why its endpoints are kept although they cannot be confirmed. */
  readonly held: HoldReason | undefined;
  readonly endpoints: number;
  readonly chosen: boolean;
}

/** A VirtualService that speaks of the service. */
export interface ExplainedVirtualService {
  readonly name: string;
  /** The host that speaks of it, as written, and where. */
  readonly host: string;
  readonly origin: string;
  readonly chosen: boolean;
  readonly why: string;
}

/** One block of conditions, in the order in which requests meet them. */
export interface ExplainedRule {
  readonly route: string;
  readonly virtualService: string;
  /** `file:line:column` */
  readonly origin: string;
  /** `not-asked`: an earlier one matched. */
  readonly outcome: 'matched' | 'not-matched' | 'not-asked';
  /** Requests so far for which it could not be decided, because a header's serialization cannot be walked; of all the route's blocks. */
  readonly unreadable: number;
  /** Empty: it matches everything. */
  readonly conditions: readonly ExplainedCondition[];
}

/** A rule that a registry keeps, in the order in which they apply. */
export interface ExplainedEndpointRule {
  /** From 1; names of clusters count so. */
  readonly position: number;
  /** Registry path. */
  readonly origin: string;
  readonly text: string;
  /** `not-asked`: no endpoint is left to choose from. `not-applied`: by no request. */
  readonly outcome: 'chose' | 'passed-over' | 'refused' | 'not-for-request' | 'not-asked' | 'not-applied';
  /** In words. */
  readonly why: string;
  /** How many it found and how many it left; absent: it was not asked. */
  readonly endpoints?: { readonly before: number; readonly after: number };
  /** Requests so far for which it could not be decided, because a header's serialization cannot be walked; of all the service's rules. */
  readonly unreadable: number;
  /** Empty: it is for all requests, or not applied. */
  readonly conditions: readonly ExplainedCondition[];
}

/** An endpoint that would take requests. */
export interface ExplainedEndpoint {
  /** `address:port` */
  readonly address: string;
  readonly weight: number;
  /** What it counts while it warms up, and when, in ISO 8601, it counts its weight; absent: it does. */
  readonly warming?: { readonly weight: number; readonly until: string };
  readonly labels: ReadonlyMap<string, string>;
  readonly origin: string;
  readonly lineage?: ExplainedLineage;
  /** False while it backs off after a failed connect. */
  readonly available: boolean;
}

/** How a registry came to say what it says of an endpoint. */
export interface ExplainedLineage {
  /** As the registry numbers its sessions. */
  readonly session: string | undefined;
  /** ISO 8601. */
  readonly learnt: string | undefined;
  /** What changed what the endpoint says of itself, and where that is written. */
  readonly overrides: readonly Override[];
}

/** One weighted destination of the route. */
export interface ExplainedDestination {
  readonly cluster: string;
  readonly weight: number;
  /** 0 to 1. */
  readonly share: number;
  readonly loadBalancer: string;
  /** Of the DestinationRule in force, or of the service's entry. */
  readonly origin: string;
  readonly endpoints: readonly ExplainedEndpoint[];
  readonly leftOut: readonly {
    readonly address: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly origin: string;
    readonly lineage?: ExplainedLineage;
    readonly why: string;
  }[];
  /** Why there are no endpoints; undefined when there are. */
  readonly emptiness: string | undefined;
}

/** Which way a request would take and why. Pure data. */
export interface ExplainReport {
  readonly protocol: string;
  readonly service: string;
  readonly method: string;
  readonly identities: readonly ExplainedIdentity[];
  readonly virtualServices: readonly ExplainedVirtualService[];
  readonly rules: readonly ExplainedRule[];
  /** The registry's own. */
  readonly endpointRules: readonly ExplainedEndpointRule[];
  /** undefined: it is refused. */
  readonly route: { readonly name: string; readonly origin: string; readonly timeoutMs: number } | undefined;
  readonly refusal: RouteRefusal | undefined;
  readonly destinations: readonly ExplainedDestination[];
}
