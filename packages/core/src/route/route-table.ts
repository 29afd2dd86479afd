import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import { ConfigError } from '../errors/config-error.ts';
import { type CompileContext, type CompiledService, compileService, compileWildcard } from './compile-service.ts';
import { ServiceRoutes } from './service-routes.ts';
import { type ServiceView, viewService } from './service-view.ts';

/** Spellings of services that were resolved by rule (case, wildcard), remembered until there are too many of them. */
const REMEMBERED_SPELLINGS = 4096;

/**
 * The routes of one configuration snapshot, compiled for one protocol of one listener. A service is compiled when it is first asked
 * for, and again when the directory says something new of it.
 */
export class RouteTable<H, E extends BalancedEndpoint> {
  readonly #context: CompileContext<H, E>;
  readonly #report: (message: string) => void;
  /** By the name with which find() is asked. */
  readonly #exact = new Map<string, ServiceRoutes<H, E>>();
  readonly #spellings = new Map<string, ServiceRoutes<H, E>>();
  /** By the canonical name, or the wildcard. */
  readonly #compiled = new Map<string, CompiledService<H, E>>();
  readonly #dependents = new Map<string, Set<string>>();

  /** @param report told of rules that turn out not to fit a service which was announced after the configuration was loaded */
  constructor(context: CompileContext<H, E>, report: (message: string) => void) {
    this.#context = context;
    this.#report = report;
  }

  /** By the interface's name. undefined: nobody knows this service; see describeMiss. */
  find(service: string): ServiceRoutes<H, E> | undefined {
    return this.#exact.get(service) ?? this.#spellings.get(service) ?? this.#resolve(service);
  }

  /** Why find() has nothing. */
  describeMiss(service: string): string {
    if (service === '') return 'the request names no service, and no setting of its listener does';
    const { protocol } = this.#context;
    const { otherProtocols } = this.#view(this.canonicalName(service));
    if (otherProtocols.size > 0) return `${service} is announced for ${[...otherProtocols].join(', ')}, not for ${protocol}`;
    return `no registry, no ServiceEntry and no VirtualService knows ${service}`;
  }

  /** Services that were asked for. */
  get services(): Iterable<string> {
    return this.#compiled.keys();
  }

  /** Compiles what another table has compiled, so that the clusters both use never close in between. */
  warm(other: RouteTable<H, E>): void {
    for (const key of other.services) {
      if (!key.startsWith('*')) this.find(key);
      else if (this.#context.virtualServices.wildcards.some(({ host }) => host.text === key)) this.#compileWildcard(key);
    }
  }

  /** The directory says something new of who these lower-case names are. */
  invalidate(names: Iterable<string>): void {
    this.#spellings.clear();
    const keys = new Set<string>();
    for (const name of names) for (const key of this.#dependents.get(name) ?? []) keys.add(key);
    for (const key of keys) {
      const old = this.#compiled.get(key);
      this.#forget(key);
      if (key.startsWith('*')) this.#compileWildcard(key);
      else this.#compile(key);
      if (old !== undefined) this.#release(old);
    }
  }

  /** Lets all clusters go. */
  close(): void {
    for (const compiled of this.#compiled.values()) this.#release(compiled);
    this.#compiled.clear();
    this.#dependents.clear();
    this.#exact.clear();
    this.#spellings.clear();
  }

  #resolve(service: string): ServiceRoutes<H, E> | undefined {
    const name = this.canonicalName(service);
    const routes = this.#exact.get(name) ?? this.#compile(name) ?? this.#wildcard(service);
    if (routes === undefined || this.#exact.has(service)) return routes;
    if (this.#spellings.size >= REMEMBERED_SPELLINGS) this.#spellings.clear();
    this.#spellings.set(service, routes);
    return routes;
  }

  /** The spelling under which the service is announced or spoken of; else lower case, as hand-written hosts are compared. */
  canonicalName(service: string): string {
    const { directory, virtualServices } = this.#context;
    const lower = service.toLowerCase();
    const spoken = virtualServices.named(lower).some(({ pattern }) => pattern.name === service);
    return spoken || directory.byInterface(service).length > 0 ? service : lower;
  }

  #view(name: string): ServiceView {
    return viewService(this.#context.directory, name, this.#context.protocol);
  }

  #compile(name: string): ServiceRoutes<H, E> | undefined {
    const view = this.#view(name);
    if (view.variants.length === 0 && view.otherProtocols.size > 0) return undefined;
    const compiled = this.#guarded(name, () => compileService(this.#context, view));
    if (compiled === undefined) return undefined;
    this.#remember(name, compiled);
    this.#exact.set(name, compiled.routes);
    return compiled.routes;
  }

  #wildcard(service: string): ServiceRoutes<H, E> | undefined {
    if (this.#view(this.canonicalName(service)).otherProtocols.size > 0) return undefined;
    const [host] = this.#context.virtualServices.wildcard([service.toLowerCase()]);
    if (host === undefined) return undefined;
    return this.#compiled.get(host.host.text)?.routes ?? this.#compileWildcard(host.host.text);
  }

  #compileWildcard(text: string): ServiceRoutes<H, E> | undefined {
    const hosts = this.#context.virtualServices.wildcards.filter(({ host }) => host.text === text);
    const compiled = this.#guarded(text, () => compileWildcard(this.#context, hosts));
    if (compiled !== undefined) this.#remember(text, compiled);
    return compiled?.routes;
  }

  /** A service that is announced later than its rules were checked may not fit them: it is refused with the reason. */
  #guarded(name: string, compile: () => CompiledService<H, E> | undefined): CompiledService<H, E> | undefined {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const broken = `the rules for ${name} do not fit ${this.#context.protocol}: ${error.message}`;
      this.#report(broken);
      const { scan, names } = this.#context.scans.get([]);
      const routes = new ServiceRoutes<H, E>({ scan, names, groupIndex: -1, versionIndex: -1, lanes: [], broken });
      return { routes, dependsOn: new Set([name.toLowerCase()]), clusters: [], ruled: [] };
    }
  }

  #remember(key: string, compiled: CompiledService<H, E>): void {
    this.#compiled.set(key, compiled);
    for (const name of compiled.dependsOn) {
      const keys = this.#dependents.get(name);
      if (keys === undefined) this.#dependents.set(name, new Set([key]));
      else keys.add(key);
    }
  }

  #forget(key: string): void {
    for (const name of this.#compiled.get(key)?.dependsOn ?? []) {
      const keys = this.#dependents.get(name);
      keys?.delete(key);
      if (keys?.size === 0) this.#dependents.delete(name);
    }
    this.#compiled.delete(key);
    this.#exact.delete(key);
  }

  #release(compiled: CompiledService<H, E>): void {
    for (const ruled of compiled.ruled) ruled.close();
    for (const cluster of compiled.clusters) this.#context.clusters.release(cluster);
  }
}
