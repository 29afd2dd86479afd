import type { Warming } from '../cluster/effective-weights.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { VirtualService } from '../config/model.ts';
import { formatPosition } from '../errors/config-error.ts';
import { describePart, formatServiceKey, intersect, overlaps, patternId, type ServicePattern } from '../identity/service-key.ts';
import type { LookupResult } from '../protocol/spi.ts';
import { formatAddress } from '../transport/listen.ts';
import { applicableHosts, wildcardNames } from './applicable-hosts.ts';
import type { CompileContext, RouteProtocol } from './compile-service.ts';
import { explainEndpointRules } from './explain-endpoint-rules.ts';
import type {
  ExplainedDestination,
  ExplainedEndpoint,
  ExplainedIdentity,
  ExplainedLineage,
  ExplainedRule,
  ExplainedVirtualService,
  ExplainReport,
  ExplainRequest,
} from './explain-report.ts';
import { type IndexedHost, matchesWildcard } from './host-index.ts';
import type { Route } from './route.ts';
import type { RouteTable } from './route-table.ts';
import { GROUP, VERSION } from './rule.ts';
import { headerKey } from './scan-cache.ts';
import type { Lane, RouteRefusal } from './service-routes.ts';
import { type ServiceView, viewService } from './service-view.ts';

export type { ExplainReport, ExplainRequest } from './explain-report.ts';

/** What explaining looks at: the same objects that requests meet. */
export interface ExplainSource<H, E extends BalancedEndpoint> {
  readonly table: RouteTable<H, E>;
  readonly context: CompileContext<H, E>;
  readonly protocol: RouteProtocol<H>;
}

/** Which way a request would take, and why not another. */
export function explainRequest<H, E extends BalancedEndpoint>(source: ExplainSource<H, E>, request: ExplainRequest): ExplainReport {
  const { table, context, protocol } = source;
  const { service, method } = request;
  const routes = table.find(service);
  const view = viewService(context.directory, table.canonicalName(service), protocol.name);
  if (routes === undefined) {
    const refusal: RouteRefusal = { reason: 'no-route', message: table.describeMiss(service) };
    return { ...empty(request, protocol.name), refusal, identities: explainIdentities(view, undefined) };
  }
  const values = valuesOf(routes.names, request, protocol.caseSensitiveHeaders);
  const lane = routes.laneOf(service, values);
  const chosen = lane === 'not-reached' || 'reason' in lane ? undefined : lane;
  const caller = { peerAddress: request.source };
  const answer = routes.match(service, method, values, caller);
  const route = answer === 'not-reached' || 'reason' in answer ? undefined : answer;
  return {
    ...empty(request, protocol.name),
    identities: explainIdentities(view, chosen),
    virtualServices: explainVirtualServices(context, view, chosen),
    rules: chosen === undefined ? [] : explainRules(chosen, route, service, method, values),
    endpointRules: chosen === undefined ? [] : explainEndpointRules(context, { lane: chosen, route, method, values, caller }),
    route: route === undefined ? undefined : { name: route.name, origin: route.origin, timeoutMs: route.timeoutMs },
    refusal: answer !== 'not-reached' && 'reason' in answer ? answer : undefined,
    destinations: route === undefined ? [] : explainDestinations(route),
  };
}

function empty(request: ExplainRequest, protocol: string): ExplainReport {
  const { service, method } = request;
  return {
    protocol,
    service,
    method,
    identities: [],
    virtualServices: [],
    rules: [],
    endpointRules: [],
    route: undefined,
    refusal: undefined,
    destinations: [],
  };
}

function valuesOf(names: readonly string[], request: ExplainRequest, caseSensitive: boolean): LookupResult[] {
  const headers = new Map<string, string>();
  for (const [name, value] of request.headers) headers.set(headerKey(name, caseSensitive), value);
  if (request.group !== undefined) headers.set(GROUP, request.group);
  if (request.version !== undefined) headers.set(VERSION, request.version);
  return names.map((name) => headers.get(name));
}

function explainIdentities(view: ServiceView, lane: Lane<BalancedEndpoint> | undefined): ExplainedIdentity[] {
  const chosenId = lane === undefined ? undefined : patternId(lane.variant.pattern);
  return view.variants.flatMap(({ pattern, entries }) =>
    entries.map(({ entry, source, held }) => ({
      key: formatServiceKey(pattern),
      group: pattern.group,
      version: pattern.version,
      host: entry.host,
      source,
      origin: entry.origin,
      held,
      endpoints: entry.endpoints.length,
      chosen: patternId(pattern) === chosenId,
    })),
  );
}

/** Those in force for the request, and those that speak of the service and are not. */
function explainVirtualServices<H, E extends BalancedEndpoint>(
  context: CompileContext<H, E>,
  view: ServiceView,
  lane: Lane<E> | undefined,
): ExplainedVirtualService[] {
  const used = new Set(lane?.rules.map(({ written }) => written.virtualService));
  const explained: ExplainedVirtualService[] = [];
  const add = ({ resource, host }: IndexedHost<VirtualService>, pattern: ServicePattern | undefined): void => {
    if (explained.some(({ name, chosen }) => name === resource.name && chosen)) return;
    const chosen = used.has(resource);
    const why = chosen ? 'its host is the most specific for this request' : whyNot(lane, pattern);
    explained.push({ name: resource.name, host: host.text, origin: formatPosition(host.position), chosen, why });
  };
  for (const { pattern, hosts } of applicableHosts(context.virtualServices, view, context.directory)) {
    for (const host of hosts) add(host, pattern);
  }
  const names = [...wildcardNames(view)];
  for (const host of context.virtualServices.wildcards) {
    if (names.some((name) => matchesWildcard(host.host.text, name))) add(host, undefined);
  }
  return explained;
}

function whyNot(lane: Lane<BalancedEndpoint> | undefined, pattern: ServicePattern | undefined): string {
  if (lane === undefined) return 'the request fits no group and version that is known';
  const identity = intersectIfAny(lane);
  if (pattern !== undefined && !overlaps(pattern, identity))
    return `it means ${describeIdentity(pattern)}, the request is for ${describeIdentity(identity)}`;
  const [rule] = lane.rules;
  return rule === undefined ? 'it does not cover this request' : `a host of ${rule.written.virtualService.name} is more specific`;
}

/** What is known of the request's identity: the lane's condition, narrowed by the only identity that is announced. */
function intersectIfAny({ condition, variant }: Lane<BalancedEndpoint>): ServicePattern {
  return overlaps(condition, variant.pattern) ? intersect(condition, variant.pattern) : condition;
}

function describeIdentity({ group, version }: ServicePattern): string {
  return `group ${describePart(group)} version ${describePart(version)}`;
}

function explainRules<E extends BalancedEndpoint>(
  lane: Lane<E>,
  taken: Route<E> | undefined,
  service: string,
  method: string,
  values: readonly LookupResult[],
): ExplainedRule[] {
  let decided = false;
  return lane.rules.map(({ match, route, written }) => {
    const verdict = match === undefined ? 'holds' : match.judge(service, method, values);
    const outcome = decided ? 'not-asked' : verdict === 'holds' ? 'matched' : 'not-matched';
    if (verdict === 'holds' && route === taken) decided = true;
    return {
      route: route.name,
      virtualService: written.virtualService.name,
      origin: formatPosition(written.match?.position ?? written.route.position),
      outcome,
      unreadable: route.stats.unreadable,
      conditions: match === undefined ? [] : match.explain(service, method, values),
    };
  });
}

function explainDestinations<E extends BalancedEndpoint>(route: Route<E>): ExplainedDestination[] {
  const total = route.destinations.reduce((sum, { weight }) => sum + weight, 0);
  return route.destinations.map(({ cluster, weight }) => {
    const { chosen, leftOut, emptiness } = cluster.resolved;
    return {
      cluster: cluster.name,
      weight,
      share: route.destinations.length === 1 ? 1 : weight / total,
      loadBalancer: cluster.spec.loadBalancer,
      origin: cluster.spec.origin,
      endpoints: chosen.map((endpoint, index) => ({
        address: formatAddress(endpoint.address, endpoint.port),
        weight: endpoint.weight,
        ...warmingOf(endpoint, cluster.warming(index)),
        labels: endpoint.labels,
        origin: endpoint.origin,
        ...lineageOf(endpoint),
        available: cluster.endpoints[index]?.available ?? false,
      })),
      leftOut: leftOut.map(({ endpoint, why }) => ({
        address: formatAddress(endpoint.address, endpoint.port),
        labels: endpoint.labels,
        origin: endpoint.origin,
        ...lineageOf(endpoint),
        why,
      })),
      emptiness: chosen.length === 0 ? emptiness : undefined,
    };
  });
}

/** Only another process knows when it first saw an endpoint of which the registry does not say when it started. */
function warmingOf({ startedAt }: Endpoint, warming: Warming | undefined): Pick<ExplainedEndpoint, 'warming'> {
  return warming === undefined || startedAt === undefined
    ? {}
    : { warming: { weight: warming.weight, until: new Date(warming.until).toISOString() } };
}

function lineageOf({ learnt, overrides = [] }: Endpoint): { readonly lineage?: ExplainedLineage } {
  if (learnt === undefined && overrides.length === 0) return {};
  return { lineage: { session: learnt?.session, learnt: learnt && new Date(learnt.at).toISOString(), overrides } };
}
