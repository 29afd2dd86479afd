import type { Endpoint } from '../cluster/endpoint.ts';
import type { Capability, HeaderEdits, LocalReply, LookupResult, Outcome } from '../protocol/spi.ts';

/** What a filter may know of the route that a request took. */
export interface RouteInfo {
  readonly name: string;
  /** `file:line:column` of the rule. */
  readonly origin: string;
  readonly requestEdits: HeaderEdits | undefined;
  readonly responseEdits: HeaderEdits | undefined;
}

/** One request as a filter sees it. Alive from onRequest to onLog. */
export interface FilterContext {
  readonly protocol: string;
  readonly service: string;
  readonly method: string;
  /** The caller's address and port. */
  readonly peer: string;
  /** By the index that `declare` gave when the filter was created. */
  header(index: number): LookupResult;
  /** undefined before the route is found. */
  readonly route: RouteInfo | undefined;
  /** undefined before an endpoint is chosen. */
  readonly endpoint: Endpoint | undefined;
  /** undefined until an answer came or was made. */
  readonly outcome: Outcome | undefined;
  /** The answer, when the proxy made it. */
  readonly localReply: LocalReply | undefined;
  /** 1 for the first. */
  readonly attempt: number;
  /** Milliseconds since the request arrived, to a whole read event. */
  readonly elapsedMs: number;
  /** Edits are collected and spliced once, when the head is sent. */
  editRequest(edits: HeaderEdits): void;
  editResponse(edits: HeaderEdits): void;
}

/** 'continue', or a reply that ends the request here. */
export type FilterVerdict = 'continue' | LocalReply;

/**
 * Phases in the order a request meets them; each optional. Request phases run in list order, response phases in reverse. A promise
 * suspends this request, not its connection.
 */
export interface Filter {
  readonly name: string;
  /** Checked against every protocol of the listener when configuration loads. */
  readonly requires?: readonly Capability[];
  /** 1. Head decoded, no route yet. Authenticate, limit. */
  onRequest?(context: FilterContext): FilterVerdict | Promise<FilterVerdict>;
  /** 2. Route matched, no endpoint yet. Per-route policy. */
  onRouted?(context: FilterContext): FilterVerdict | Promise<FilterVerdict>;
  /** 3. Endpoint chosen, about to be sent; again for each attempt. */
  onAttempt?(context: FilterContext): void;
  /** 4. About to answer the caller: the upstream's response or a local reply. */
  onResponse?(context: FilterContext): void;
  /** 5. Always last, exactly once, whatever happened. */
  onLog?(context: FilterContext): void;
}

/** What a filter plugin exports. */
export interface FilterFactory {
  /** As the bootstrap's `listeners[].filters[].name` names it. */
  readonly name: string;
  /**
   * @param config the bootstrap's `filters[].config`
   * @param declare names a header that the filter will read, so that it joins the one scan per request; gives its index
   * @throws ConfigError when the configuration does not fit; core adds the position
   */
  create(config: unknown, declare: (header: string) => number): Filter;
}
