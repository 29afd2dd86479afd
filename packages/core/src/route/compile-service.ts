import type { Cluster, ClusterSpec } from '../cluster/cluster.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { HeaderOperations, HttpRoute, VirtualService } from '../config/model.ts';
import { ConfigError, formatPosition } from '../errors/config-error.ts';
import { covers, formatServiceKey, intersect, overlaps, type ServicePattern, specificity } from '../identity/service-key.ts';
import type { Capability, HeaderEdits, HeaderScan, ScanRequest } from '../protocol/spi.ts';
import { applicableHosts, wildcardNames } from './applicable-hosts.ts';
import { clusterSpec, type DestinationContext, destinationTarget, targetNames, variantTarget } from './destination.ts';
import { type JudgedEndpointRule, judgeEndpointRules, rulesOf } from './endpoint-rules.ts';
import type { HostIndex, IndexedHost } from './host-index.ts';
import { mergeRules, type WrittenRule } from './merged-rules.ts';
import { Route, type RouteStats, type WeightedCluster } from './route.ts';
import { GROUP, headersOf, RuleMatch, VERSION } from './rule.ts';
import { RuledEndpoints } from './ruled-endpoints.ts';
import type { ScanCache } from './scan-cache.ts';
import { type Lane, type Rule, ServiceRoutes } from './service-routes.ts';
import type { ServiceView, Variant } from './service-view.ts';

/** What a route table knows of its protocol. */
export interface RouteProtocol<H> {
  readonly name: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly caseSensitiveHeaders: boolean;
  /** See HeadReader. */
  readonly methodIsPath: boolean;
  /** @throws ConfigError for a name that this protocol can never have */
  compileScan(wanted: ScanRequest): HeaderScan<H>;
  /** See HeadReader. */
  editFault(edits: HeaderEdits, of: 'request' | 'response'): string | undefined;
}

/** Where clusters come from: ClusterSet. */
export interface ClusterSource<E extends BalancedEndpoint> {
  acquire(spec: ClusterSpec): Cluster<E>;
  release(cluster: Cluster<E>): void;
}

/** One configuration snapshot, as services are compiled against it. */
export interface CompileContext<H, E extends BalancedEndpoint> extends DestinationContext {
  /** See HeadReader. */
  readonly methodIsPath: boolean;
  readonly virtualServices: HostIndex<VirtualService>;
  readonly clusters: ClusterSource<E>;
  readonly scans: ScanCache<H>;
  /** Counters of a route, kept from snapshot to snapshot. */
  statsOf(route: string): RouteStats;
}

/** A compiled service and what it holds. */
export interface CompiledService<H, E extends BalancedEndpoint> {
  readonly routes: ServiceRoutes<H, E>;
  /** Lower-case interfaces and hosts whose change may change the routes. */
  readonly dependsOn: ReadonlySet<string>;
  readonly clusters: readonly Cluster<E>[];
  /** They hold further clusters. */
  readonly ruled: readonly RuledEndpoints<E>[];
}

/**
 * @returns undefined when nobody knows the service
 * @throws ConfigError when a rule does not fit the protocol
 */
export function compileService<H, E extends BalancedEndpoint>(
  context: CompileContext<H, E>,
  view: ServiceView,
): CompiledService<H, E> | undefined {
  const plans = planLanes(context, view);
  return plans.length === 0 ? undefined : new ServiceCompiler(context, view.name).compile(plans);
}

/** Routes for services that nobody announces, from the hosts of one wildcard. */
export function compileWildcard<H, E extends BalancedEndpoint>(
  context: CompileContext<H, E>,
  hosts: readonly IndexedHost<VirtualService>[],
): CompiledService<H, E> {
  const pattern = { name: hosts[0]?.host.text ?? '*', group: undefined, version: undefined };
  return new ServiceCompiler(context, pattern.name).compile([
    { condition: pattern, variant: { pattern, entries: [] }, rules: mergeRules(hosts) },
  ]);
}

/** A lane before its rules are compiled. `rules` undefined: no VirtualService speaks of it. */
interface LanePlan {
  readonly condition: ServicePattern;
  readonly variant: Variant;
  readonly rules: readonly WrittenRule[] | undefined;
}

/** Each identity meets the most specific hosts that cover it; narrower ones that cover a part of it come first. */
function planLanes<H, E extends BalancedEndpoint>(context: CompileContext<H, E>, view: ServiceView): LanePlan[] {
  const groups = applicableHosts(context.virtualServices, view, context.directory);
  const any = { name: view.name, group: undefined, version: undefined };
  const known = view.variants.length > 0;
  const variants = known ? view.variants : [{ pattern: any, entries: [] }];
  const [only] = variants;
  const plans: LanePlan[] = [];
  for (const variant of variants) {
    let covered = false;
    for (const group of groups) {
      if (covered || !overlaps(group.pattern, variant.pattern)) continue;
      plans.push({ condition: intersect(variant.pattern, group.pattern), variant, rules: mergeRules(group.hosts) });
      covered = covers(group.pattern, variant.pattern);
    }
    if (covered || !known) continue;
    const wildcard = context.virtualServices.wildcard(wildcardNames(view));
    plans.push({ condition: variant.pattern, variant, rules: wildcard.length === 0 ? undefined : mergeRules(wildcard) });
  }
  // The provider itself refuses another group or version: a look-up per request would only repeat it.
  if (plans.length === 1 && known && only !== undefined) return plans.map((plan) => ({ ...plan, condition: widen(plan.condition, only) }));
  return plans.sort((a, b) => specificity(b.condition) - specificity(a.condition));
}

function widen(condition: ServicePattern, variant: Variant): ServicePattern {
  const group = variant.pattern.group === undefined ? condition.group : undefined;
  const version = variant.pattern.version === undefined ? condition.version : undefined;
  return { name: condition.name, group, version };
}

class ServiceCompiler<H, E extends BalancedEndpoint> {
  readonly #context: CompileContext<H, E>;
  readonly #label: string;
  readonly #dependsOn: Set<string>;
  readonly #clusters: Cluster<E>[] = [];
  readonly #ruled: RuledEndpoints<E>[] = [];
  readonly #routes = new Map<HttpRoute, Route<E>>();

  constructor(context: CompileContext<H, E>, label: string) {
    this.#context = context;
    this.#label = label;
    this.#dependsOn = new Set([label.toLowerCase()]);
  }

  compile(plans: readonly LanePlan[]): CompiledService<H, E> {
    const byGroup = plans.some(({ condition }) => condition.group !== undefined);
    const byVersion = plans.some(({ condition }) => condition.version !== undefined);
    const wanted = new Set<string>();
    if (byGroup) wanted.add(GROUP);
    if (byVersion) wanted.add(VERSION);
    for (const { match } of plans.flatMap(({ rules }) => rules ?? [])) {
      if (match !== undefined) for (const header of headersOf(match, this.#context.methodIsPath)) wanted.add(header.name);
    }
    const judged = plans.map(({ rules, variant }) => (rules === undefined ? this.#judge(variant) : []));
    for (const { fault, rule } of judged.flat()) {
      if (fault === undefined) for (const { of } of rule.match) if (of.kind === 'header') wanted.add(of.name);
    }
    const { scan, names, indexOf } = this.#context.scans.get(wanted);
    const lanes = plans.map((plan, index) => this.#lane(plan, judged[index] ?? [], indexOf));
    const groupIndex = byGroup ? indexOf(GROUP) : -1;
    const versionIndex = byVersion ? indexOf(VERSION) : -1;
    const routes = new ServiceRoutes({ scan, names, groupIndex, versionIndex, lanes, broken: undefined });
    return { routes, dependsOn: this.#dependsOn, clusters: this.#clusters, ruled: this.#ruled };
  }

  #lane({ condition, variant, rules }: LanePlan, judged: readonly JudgedEndpointRule[], indexOf: (name: string) => number): Lane<E> {
    for (const entry of variant.entries) for (const host of entry.hosts) this.#dependsOn.add(host);
    this.#routes.clear();
    if (rules === undefined) return { condition, variant, rules: [], ...this.#withoutVirtualService(variant, judged, indexOf) };
    const compiled = rules.map((written): Rule<E> => {
      const match = written.match === undefined ? undefined : new RuleMatch(written.match, this.#context.methodIsPath, indexOf);
      return { match, route: this.#route(written, variant), written };
    });
    return { condition, variant, rules: compiled, fallback: undefined, ruled: undefined };
  }

  /** The registry's rules, each with what this protocol has against it. */
  #judge({ entries }: Variant): JudgedEndpointRule[] {
    const { protocol, scans } = this.#context;
    return judgeEndpointRules(rulesOf(entries), (header) => {
      try {
        scans.get([header]);
        return undefined;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return `protocol ${protocol} has no header ${header}: ${error.message}`;
      }
    });
  }

  /** Every endpoint, or those that the registry's rules leave. */
  #withoutVirtualService(
    variant: Variant,
    judged: readonly JudgedEndpointRule[],
    indexOf: (name: string) => number,
  ): Pick<Lane<E>, 'fallback' | 'ruled'> {
    const name = formatServiceKey(variant.pattern);
    const target = variantTarget(variant.pattern);
    const allSpec = clusterSpec(this.#context, target, undefined);
    const cluster = this.#acquire(allSpec, targetNames(target));
    const origin = variant.entries[0]?.entry.origin ?? '';
    const stats = this.#context.statsOf(name);
    const route = { name, origin, requestEdits: undefined, responseEdits: undefined, timeoutMs: -1, stats };
    const all = new Route(route, [{ cluster, weight: 1 }]);
    if (judged.length === 0) return { fallback: all, ruled: undefined };
    const { clusters, methodIsPath } = this.#context;
    const ruled = new RuledEndpoints({ rules: judged, methodIsPath, indexOf, clusters, all, allSpec, route });
    this.#ruled.push(ruled);
    return { fallback: judged.every(({ fault }) => fault !== undefined) ? all : undefined, ruled };
  }

  /** The blocks of one written route share it. */
  #route({ route, routeName }: WrittenRule, variant: Variant): Route<E> {
    const known = this.#routes.get(route);
    if (known !== undefined) return known;
    const [first, ...others] = route.destinations.map(({ host, subset, weight }): WeightedCluster<E> => {
      const target = destinationTarget(host, variant.pattern);
      return { cluster: this.#acquire(clusterSpec(this.#context, target, subset), targetNames(target)), weight };
    });
    if (first === undefined) throw new Error(`route ${routeName} has no destination`);
    const options = {
      name: routeName,
      origin: formatPosition(route.position),
      requestEdits: compileEdits(route.requestHeaders),
      responseEdits: compileEdits(route.responseHeaders),
      timeoutMs: route.timeoutMs ?? -1,
      stats: this.#context.statsOf(`${this.#label} ${routeName}`),
    };
    const compiled = new Route(options, [first, ...others]);
    this.#routes.set(route, compiled);
    return compiled;
  }

  #acquire(spec: ClusterSpec, names: Iterable<string>): Cluster<E> {
    for (const name of names) this.#dependsOn.add(name);
    const cluster = this.#context.clusters.acquire(spec);
    this.#clusters.push(cluster);
    return cluster;
  }
}

function compileEdits(operations: HeaderOperations | undefined): HeaderEdits | undefined {
  if (operations === undefined) return undefined;
  const { remove, set, add } = operations;
  return remove.length + set.size + add.size === 0 ? undefined : { remove, set, add };
}
