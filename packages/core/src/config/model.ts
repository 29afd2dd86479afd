import type { WarmUp } from '../cluster/warm-up.ts';
import type { Position } from '../errors/config-error.ts';
import type { ServiceEntry } from '../registry/registry.ts';
import type { TlsFiles } from '../transport/tls-files.ts';

/** How a value is compared. Regular expressions are RE2 and match the whole value, as in Istio. */
export type StringMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly value: string }
  | { readonly kind: 'present' };

/** A condition on one header. */
export interface HeaderMatch {
  readonly name: string;
  readonly match: StringMatch;
  readonly ignoreCase: boolean;
  readonly position: Position;
}

/** One block of `match`: all its conditions hold. */
export interface RouteMatch {
  readonly name: string | undefined;
  /** Of `/<service>/<method>`. */
  readonly uri: StringMatch | undefined;
  readonly ignoreUriCase: boolean;
  readonly authority: StringMatch | undefined;
  readonly headers: readonly HeaderMatch[];
  /** Header conditions of which none may hold. */
  readonly withoutHeaders: readonly HeaderMatch[];
  readonly position: Position;
}

/** Header changes of a route, before they are compiled for a protocol. */
export interface HeaderOperations {
  readonly set: ReadonlyMap<string, string>;
  readonly add: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
  readonly position: Position;
}

/** One weighted target. */
export interface RouteDestination {
  readonly host: string;
  readonly subset: string | undefined;
  /** As written; checked when files load against a service entry of theirs, and otherwise unknown to be right. */
  readonly port?: number | undefined;
  /** Share among the route's destinations; they need not add up to 100. */
  readonly weight: number;
  readonly position: Position;
}

/** One entry of `spec.http`. */
export interface HttpRoute {
  readonly name: string | undefined;
  /** Any of them; empty matches everything. */
  readonly matches: readonly RouteMatch[];
  /** At least one. */
  readonly destinations: readonly RouteDestination[];
  /** undefined: not said. 0: no limit. */
  readonly timeoutMs: number | undefined;
  readonly requestHeaders: HeaderOperations | undefined;
  readonly responseHeaders: HeaderOperations | undefined;
  readonly position: Position;
}

/** One entry of `spec.tcp`. */
export interface TcpRoute {
  /** Ports of the service of which any is meant; empty: all are. */
  readonly ports: readonly number[];
  /** At least one. */
  readonly destinations: readonly RouteDestination[];
  readonly position: Position;
}

/** A host of a VirtualService as written: a service key, a DNS name, or a leading wildcard. */
export interface WrittenHost {
  readonly text: string;
  readonly position: Position;
}

/** Istio's VirtualService, the part that Polywire implements. */
export interface VirtualService {
  /** `namespace/name`. */
  readonly name: string;
  readonly hosts: readonly WrittenHost[];
  /** For requests; empty: it says nothing of them. */
  readonly routes: readonly HttpRoute[];
  /** For connections whose bytes are passed on as they are; absent: it says nothing of them. */
  readonly tcpRoutes?: readonly TcpRoute[];
  /** Milliseconds since 1970 from `metadata.creationTimestamp`; 0 when absent. Orders the merge, as in Istio. */
  readonly createdAt: number;
  readonly position: Position;
}

/** A named part of a service's endpoints. A label with an empty value means "label absent". */
export interface Subset {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Overrides the rule's. */
  readonly loadBalancer: string | undefined;
  /** The same. */
  readonly warmUp?: WarmUp | 'none' | undefined;
  /** The same. */
  readonly tls?: ClientTls | undefined;
  readonly position: Position;
}

/** Istio's ClientTLSSettings. */
export interface ClientTls {
  readonly mode: 'DISABLE' | 'SIMPLE' | 'MUTUAL';
  /** Relative to the folder that the process runs in. */
  readonly files: TlsFiles;
  readonly sni: string | undefined;
  readonly subjectAltNames: readonly string[];
  readonly insecureSkipVerify: boolean;
  /** Of each file's name. */
  readonly positions: Readonly<Record<keyof TlsFiles, Position>>;
}

/** Istio's DestinationRule, the part that Polywire implements. */
export interface DestinationRule {
  readonly name: string;
  readonly host: WrittenHost;
  /** `trafficPolicy.loadBalancer.simple`, upper case. */
  readonly loadBalancer: string | undefined;
  /** `trafficPolicy.loadBalancer.warmup`; `none`: of a load balancer without it; absent: nothing is said of load balancers. */
  readonly warmUp?: WarmUp | 'none' | undefined;
  /** `trafficPolicy.tls`; absent: plain. */
  readonly tls?: ClientTls | undefined;
  readonly subsets: readonly Subset[];
  readonly position: Position;
}

/** The mesh resources of all files at one moment. Replaced whole, never patched. */
export interface MeshResources {
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly serviceEntries: readonly ServiceEntry[];
}
