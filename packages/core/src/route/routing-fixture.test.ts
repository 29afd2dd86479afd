import type { EndpointSource } from '../cluster/cluster.ts';
import { ClusterSet } from '../cluster/cluster-set.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import { BALANCERS } from '../cluster/lb/built-in.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type {
  DestinationRule,
  HeaderMatch,
  HttpRoute,
  MeshResources,
  RouteMatch,
  StringMatch,
  Subset,
  VirtualService,
} from '../config/model.ts';
import { ConfigError, type Position, type Problem } from '../errors/config-error.ts';
import type { Capability, HeaderScan, LookupResult, ScanRequest } from '../protocol/spi.ts';
import type { ServiceEntry } from '../registry/registry.ts';
import { ServiceEntryStore } from '../registry/service-entry-store.ts';
import { Route } from './route.ts';
import { FILES, RoutingState } from './routing-state.ts';

/** A request whose headers are what they say. */
export type Head = ReadonlyMap<string, LookupResult>;

export class Live implements BalancedEndpoint {
  readonly endpoint: Endpoint;
  activeRequests = 0;
  available = true;
  knownSince = Date.now();

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }
}

/** Counts users by address, as pools do. */
export class LiveEndpoints implements EndpointSource<Live> {
  readonly users = new Map<string, number>();
  /** Addresses whose last user left, in that order. */
  readonly closed: string[] = [];

  acquire(endpoint: Endpoint): Live {
    this.users.set(endpoint.address, (this.users.get(endpoint.address) ?? 0) + 1);
    return new Live(endpoint);
  }

  release({ endpoint: { address } }: Live): void {
    const users = (this.users.get(address) ?? 0) - 1;
    this.users.set(address, users);
    if (users > 0) return;
    this.users.delete(address);
    this.closed.push(address);
  }
}

class MapScan implements HeaderScan<Head> {
  readonly values: LookupResult[] = [];
  readonly timeoutMs = 0;
  readonly bindsConnection = false;
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  run(head: Head): void {
    for (const [index, name] of this.#names.entries()) this.values[index] = head.get(name);
  }
}

export interface FixtureOptions {
  readonly protocol?: string;
  readonly capabilities?: readonly Capability[];
  readonly caseSensitiveHeaders?: boolean;
  readonly declaredHeaders?: readonly string[];
  readonly balance?: 'readEvent' | 'request';
  readonly methodIsPath?: boolean;
}

/** Everything around a RoutingState, with in-memory ends. */
export class Fixture {
  readonly store = new ServiceEntryStore();
  readonly endpoints = new LiveEndpoints();
  readonly scans: ScanRequest[] = [];
  readonly reported: Problem[] = [];
  readonly clusters: ClusterSet<Live>;
  readonly state: RoutingState<Head, Live>;
  /** Of whoever asks. */
  peerAddress = '10.9.9.9';

  constructor(options: FixtureOptions = {}) {
    this.store.source(FILES);
    this.clusters = new ClusterSet({ endpoints: this.endpoints, loadBalancers: BALANCERS, balance: options.balance ?? 'readEvent' });
    this.state = new RoutingState<Head, Live>({
      protocol: {
        name: options.protocol ?? 'wire',
        capabilities: new Set(options.capabilities ?? ['multiplexing', 'routing', 'mediation']),
        caseSensitiveHeaders: options.caseSensitiveHeaders ?? true,
        methodIsPath: options.methodIsPath ?? false,
        compileScan: (wanted) => this.#compileScan(wanted),
        editFault: (edits) => (edits.set.has(':fixed') ? ':fixed is fixed' : undefined),
      },
      store: this.store,
      clusters: this.clusters,
      declaredHeaders: options.declaredHeaders ?? [],
      wantTimeout: true,
      wantAffinity: false,
      onProblem: (problem) => this.reported.push(problem),
    });
  }

  /** Delivers entries as a registry would. */
  registry(name = 'zk') {
    return this.store.source({ name, exactIdentity: true });
  }

  /** Judges and, when there is no error, puts in force. */
  load(resources: Partial<MeshResources>): readonly Problem[] {
    const whole = { virtualServices: [], destinationRules: [], serviceEntries: [], ...resources };
    const prepared = this.state.prepare(whole);
    if (prepared.problems.length > 0) return prepared.problems;
    this.store.source(FILES).replaceAll(whole.serviceEntries);
    prepared.commit()();
    return [];
  }

  /** Name of the route, or the refusal's message, or not-reached. */
  ask(service: string, method = 'call', headers: Readonly<Record<string, LookupResult>> = {}): string {
    const answer = this.answer(service, method, headers);
    if (answer === undefined) return `unknown: ${this.state.table.describeMiss(service)}`;
    if (answer === 'not-reached') return answer;
    return answer instanceof Route ? answer.name : `${answer.reason}: ${answer.message}`;
  }

  /** The route itself. */
  route(service: string, method = 'call', headers: Readonly<Record<string, LookupResult>> = {}): Route<Live> {
    const answer = this.answer(service, method, headers);
    if (!(answer instanceof Route)) throw new Error(this.ask(service, method, headers));
    return answer;
  }

  /** Addresses of the endpoints of the first destination. */
  addresses(service: string, method = 'call', headers: Readonly<Record<string, LookupResult>> = {}): string[] {
    const [first] = this.route(service, method, headers).destinations;
    return (first?.cluster.endpoints ?? []).map(({ endpoint }) => endpoint.address);
  }

  answer(service: string, method: string, headers: Readonly<Record<string, LookupResult>>) {
    const routes = this.state.table.find(service);
    if (routes === undefined) return undefined;
    routes.scan.run(new Map(Object.entries(headers)));
    return routes.match(service, method, routes.scan.values, { peerAddress: this.peerAddress });
  }

  #compileScan(wanted: ScanRequest): HeaderScan<Head> {
    for (const name of wanted.names) {
      if (name.startsWith('?')) throw new ConfigError('names with a question mark do not exist');
      if (/^:(method|scheme|query)/.test(name)) throw new ConfigError('there is no HTTP here');
    }
    this.scans.push(wanted);
    return new MapScan(wanted.names);
  }
}

let line = 0;

/** Every call is another line. */
export function at(): Position {
  return { file: 'mesh.yaml', line: ++line, column: 3 };
}

export function endpoint(address: string, labels: Readonly<Record<string, string>> = {}, weight = 100): Endpoint {
  return { address, port: 20880, weight, labels: new Map(Object.entries(labels)), metadata: new Map(), origin: `/providers/${address}` };
}

export function entry(
  host: string,
  key: string | undefined,
  endpoints: readonly Endpoint[],
  more: Partial<ServiceEntry> = {},
): ServiceEntry {
  const [, group, name = '', version] = /^(?:(.*)\/)?([^:]*)(?::(.*))?$/.exec(key ?? '') ?? [];
  return {
    host,
    aliases: [],
    identity: key === undefined ? undefined : { name, group, version },
    protocol: undefined,
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [],
    endpoints,
    annotations: new Map(),
    origin: `origin of ${host}`,
    ...more,
  };
}

export function exact(name: string, value: string): HeaderMatch {
  return header(name, { kind: 'exact', value });
}

export function header(name: string, match: StringMatch, ignoreCase = false): HeaderMatch {
  return { name, match, ignoreCase, position: at() };
}

export function when(match: Partial<RouteMatch>): RouteMatch {
  const none = { name: undefined, uri: undefined, ignoreUriCase: false, authority: undefined, headers: [], withoutHeaders: [] };
  return { ...none, position: at(), ...match };
}

export function to(host: string, subset?: string, weight = 0) {
  return { host, subset, weight, position: at() };
}

export function http(
  name: string | undefined,
  matches: readonly RouteMatch[],
  more: Partial<HttpRoute> & Pick<HttpRoute, 'destinations'>,
): HttpRoute {
  return { name, matches, timeoutMs: undefined, requestHeaders: undefined, responseHeaders: undefined, position: at(), ...more };
}

export function virtualService(name: string, hosts: readonly string[], routes: readonly HttpRoute[], createdAt = 0): VirtualService {
  return { name, hosts: hosts.map((text) => ({ text, position: at() })), routes, createdAt, position: at() };
}

export function subset(name: string, labels: Readonly<Record<string, string>>, loadBalancer?: string): Subset {
  return { name, labels: new Map(Object.entries(labels)), loadBalancer, position: at() };
}

export function destinationRule(name: string, host: string, subsets: readonly Subset[], loadBalancer?: string): DestinationRule {
  return { name, host: { text: host, position: at() }, loadBalancer, subsets, position: at() };
}
