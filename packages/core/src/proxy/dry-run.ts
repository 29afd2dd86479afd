import type { EndpointSource } from '../cluster/cluster.ts';
import { ClusterSet } from '../cluster/cluster-set.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint, LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { MeshResources } from '../config/model.ts';
import { ConfigError, type Problem } from '../errors/config-error.ts';
import type { Capability, FrameProtocol, ScanRequest } from '../protocol/spi.ts';
import { type EntrySource, ServiceEntryStore } from '../registry/service-entry-store.ts';
import type { ExplainReport, ExplainRequest } from '../route/explain-report.ts';
import { FILES, RoutingState } from '../route/routing-state.ts';

/** What routing without a proxy is made from. */
export interface DryRunOptions {
  readonly protocol: FrameProtocol;
  /** Distinct names that the listener's filters declared. */
  readonly declaredHeaders: readonly string[];
  /** By name, upper case. */
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerFactory>;
  /** Whether scans read the deadline that the caller wrote. */
  readonly wantTimeout: boolean;
}

/** Routing for one protocol without a socket: what `validate` judges a configuration with and `explain` asks. */
export class DryRun {
  readonly #store = new ServiceEntryStore();
  readonly #state: RoutingState<never, IdleEndpoint>;
  readonly #problems: Problem[] = [];

  constructor({ protocol, declaredHeaders, loadBalancers, wantTimeout }: DryRunOptions) {
    this.#store.source(FILES);
    this.#state = new RoutingState<never, IdleEndpoint>({
      protocol: {
        name: protocol.name,
        capabilities: capabilitiesOf(protocol),
        caseSensitiveHeaders: protocol.routing?.caseSensitiveHeaders ?? true,
        compileScan: (wanted) => compileScan(protocol, wanted),
      },
      store: this.#store,
      clusters: new ClusterSet({ endpoints: IDLE_ENDPOINTS, loadBalancers, balance: 'request' }),
      declaredHeaders,
      wantTimeout,
      wantAffinity: protocol.multiplexing !== undefined,
      onProblem: (problem) => this.#problems.push(problem),
    });
  }

  /** Where a registry's entries go; before load(), which judges routes against them. */
  registry(name: string): EntrySource {
    return this.#store.source({ name, exactIdentity: true });
  }

  /** Puts resources in force, whatever is wrong with them: the problems say it. Call it once. */
  load(resources: MeshResources): readonly Problem[] {
    const prepared = this.#state.prepare(resources);
    this.#store.source(FILES).replaceAll(resources.serviceEntries);
    prepared.commit()();
    return prepared.problems;
  }

  /** Which way a request would take and why. */
  explain(request: ExplainRequest): ExplainReport {
    return this.#state.explain(request);
  }

  /** Rules that turned out not to fit a service that a registry announced. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }
}

interface IdleEndpoint extends BalancedEndpoint {
  readonly endpoint: Endpoint;
}

/** Endpoints to which nobody connects. */
const IDLE_ENDPOINTS: EndpointSource<IdleEndpoint> = {
  acquire: (endpoint) => ({ endpoint, activeRequests: 0, available: true }),
  release: () => undefined,
};

function capabilitiesOf(protocol: FrameProtocol): Set<Capability> {
  const capabilities = new Set<Capability>();
  if (protocol.multiplexing !== undefined) capabilities.add('multiplexing');
  if (protocol.routing !== undefined) capabilities.add('routing');
  if (protocol.mediation !== undefined) capabilities.add('mediation');
  return capabilities;
}

function compileScan(protocol: FrameProtocol, wanted: ScanRequest) {
  if (protocol.routing !== undefined) return protocol.routing.scan(wanted);
  if (wanted.names.length > 0) throw new ConfigError(`${protocol.name} has no headers`);
  return { run: () => undefined, values: [], timeoutMs: 0, bindsConnection: false };
}
