import { resolve } from 'node:path';
import type { Bootstrap } from '../config/bootstrap-model.ts';
import type { LoadedMesh, MeshSources } from '../config/load.ts';
import type { MeshResources } from '../config/model.ts';
import { describeProblem, formatProblem, hasErrors, type SourceTexts } from '../config/problems.ts';
import { clientTlsOf } from '../config/tls-checks.ts';
import { type ResourceWatcher, watchMesh } from '../config/watch.ts';
import { ConfigError, type Problem } from '../errors/config-error.ts';
import { RefusedConfiguration } from '../errors/refused-configuration.ts';
import type { AccessLog } from '../observe/access-log.ts';
import type { AdminSource } from '../observe/admin-source.ts';
import type { Log } from '../observe/log.ts';
import type { PluginRegistry } from '../plugin/plugin-registry.ts';
import { ServiceEntryStore } from '../registry/service-entry-store.ts';
import type { ExplainReport, ExplainRequest } from '../route/explain.ts';
import { FILES } from '../route/routing-state.ts';
import { loop } from '../transport/loop.ts';
import { TimerWheel } from '../transport/timer-wheel.ts';
import { accessRecord, opaqueAccessRecord, openAccessLog } from './access-record.ts';
import { adminView } from './admin-view.ts';
import { judged } from './judged-problems.ts';
import { type ListenerEnvironment, ListenerRuntime } from './listener-runtime.ts';
import type { OpaqueConnection } from './opaque-connection.ts';
import { OpaqueRuntime } from './opaque-runtime.ts';
import { ProtocolRuntime } from './protocol-runtime.ts';
import { Publishings } from './publishings.ts';
import { createRegistries } from './registries.ts';
import type { RegistryRuntime } from './registry-runtime.ts';
import { ServiceCaller } from './service-caller.ts';
import { TlsRuntime } from './tls-runtime.ts';

/** What a proxy is made with. */
export interface ProxyOptions {
  readonly bootstrap: Bootstrap;
  /** Folder that `resources` are relative to; file names in messages begin with it as given here. */
  readonly baseDirectory: string;
  readonly plugins: PluginRegistry;
  /** What the bootstrap's `resources` hold, as loadMesh read them from `baseDirectory`. */
  readonly mesh: LoadedMesh;
  readonly log: Log;
}

/** How the configuration in force came to be, for metrics and the admin listener. */
export interface ConfigStatus {
  /** Changes that were put in force, and changes that were not. */
  reloads: number;
  rejected: number;
  /** Milliseconds since 1970. */
  loadedAt: number;
  problems: readonly Problem[];
}

/** Listeners open without a registry's first answer after this long. */
const FIRST_SYNC_MS = 3000;
/** How often the first answer is looked for. */
const SYNC_POLL_MS = 10;
/** Turns of the event loop that closed sockets are waited for; they need one or two. */
const CLOSE_TURNS = 100;

/** The whole proxy of one process: listeners, routes, connections, registries, files. */
export class ProxyServer {
  readonly bootstrap: Bootstrap;
  readonly log: Log;
  readonly store: ServiceEntryStore;
  readonly protocols = new Map<string, ProtocolRuntime>();
  readonly opaque: OpaqueRuntime;
  readonly listeners: readonly ListenerRuntime[];
  readonly config: ConfigStatus = { reloads: 0, rejected: 0, loadedAt: Date.now(), problems: [] };
  readonly accessLog: AccessLog | undefined;
  readonly adminSource: AdminSource;
  readonly registries: readonly RegistryRuntime[];
  readonly publishings: Publishings;
  /** In force. */
  resources: MeshResources;
  readonly #where: MeshSources;
  readonly #mesh: LoadedMesh;
  readonly #wheel = new TimerWheel();
  readonly #tls: TlsRuntime;
  readonly #caller: ServiceCaller;
  #watcher: ResourceWatcher | undefined = undefined;
  #started = false;
  #closing = false;

  private constructor(options: ProxyOptions) {
    const { bootstrap, plugins, mesh, log } = options;
    this.bootstrap = bootstrap;
    loop.onError = (error) => log.error('a bug: the connection that met it was closed', { error });
    this.log = log;
    this.#where = { directory: options.baseDirectory, globs: bootstrap.resources, ...plugins.resourceOptions };
    this.#mesh = mesh;
    this.resources = mesh.resources;
    this.store = new ServiceEntryStore(plugins.resourceOptions.protocols);
    this.accessLog = openAccessLog(bootstrap.accessLog, options.baseDirectory, log);
    this.store.source(FILES).replaceAll(mesh.resources.serviceEntries);
    this.#tls = new TlsRuntime(options.baseDirectory, log);
    this.opaque = new OpaqueRuntime(bootstrap, plugins.loadBalancers, this.#tls);
    const { accessLog } = this;
    const environment: ListenerEnvironment = {
      bootstrap,
      protocol: (name) => this.#protocol(name, plugins),
      loaded: plugins.protocols,
      opaque: this.opaque,
      tls: this.#tls,
      store: this.store,
      filters: plugins.filters,
      wheel: this.#wheel,
      log,
      onRequestEnd:
        accessLog === undefined ? undefined : (listener, exchange, heads) => accessLog.write(accessRecord(listener, exchange, heads)),
      onOpaqueEnd: (connection) => this.#onOpaqueEnd(connection),
    };
    this.listeners = bootstrap.listeners.map((config) => new ListenerRuntime(config, environment));
    this.#caller = new ServiceCaller(plugins.protocols, bootstrap);
    const directory = resolve(options.baseDirectory);
    this.registries = createRegistries(bootstrap.registries, {
      factories: plugins.registries,
      context: { log: (level, message, fields) => log[level](message, fields), directory, call: this.#caller.call },
      directory,
      store: this.store,
      log,
    });
    this.publishings = new Publishings({ bootstrap, plugins, listeners: this.listeners, store: this.store, directory, log });
    this.adminSource = adminView(this);
  }

  /**
   * Puts everything together; nothing listens yet.
   * @throws RefusedConfiguration with every problem of the resources; ConfigError when a listener's parts do not fit together
   */
  static create(options: ProxyOptions): ProxyServer {
    const { mesh } = options;
    if (hasErrors(mesh.problems)) throw refusal(mesh.problems, mesh.sources);
    const proxy = new ProxyServer(options);
    const problems = proxy.#apply(mesh.resources, mesh.problems);
    if (hasErrors(problems)) throw refusal(problems, mesh.sources);
    for (const problem of problems) options.log.warn(describeProblem(problem, mesh.sources));
    return proxy;
  }

  /** Starts registries, then listens. Resolves once every listener takes connections. */
  async start(): Promise<{ readonly listeners: readonly { readonly name: string; readonly address: string }[] }> {
    this.#wheel.start();
    for (const { pools } of this.protocols.values()) pools.start();
    for (const registry of this.registries) await registry.start();
    await this.#firstSync();
    await this.#tls.start();
    const listeners: { name: string; address: string }[] = [];
    for (const { listener } of this.listeners) {
      await listener.start();
      listeners.push({ name: listener.name, address: listener.address });
    }
    this.#watcher = await watchMesh({
      where: this.#where,
      initial: this.#mesh,
      onChange: (changed) => this.#onChange(changed),
      onProblems: (problems, sources) => this.#onProblems(problems, sources),
    });
    await this.publishings.start();
    this.#started = true;
    return { listeners };
  }

  get ready(): { readonly ready: boolean; readonly reason: string } {
    if (this.#closing) return { ready: false, reason: 'it is shutting down' };
    if (!this.#started) return { ready: false, reason: 'it is starting' };
    const waiting = this.registries.find(({ isReady }) => !isReady);
    if (waiting !== undefined) return { ready: false, reason: `${waiting.name} has not answered yet` };
    return { ready: true, reason: 'serving' };
  }

  /** Which way a request would take. undefined when no routing listener speaks the protocol. */
  explain(protocol: string, request: ExplainRequest): ExplainReport | undefined {
    for (const listener of this.listeners) {
      const report = listener.explain(protocol, request);
      if (report !== undefined) return report;
    }
    return undefined;
  }

  /** Reads the registries once, for commands that do not serve. Resolves when all have answered, or after `timeoutMs`. */
  async readRegistries(timeoutMs: number): Promise<void> {
    for (const registry of this.registries) await registry.read();
    await this.#firstSync(timeoutMs);
  }

  /**
   * Takes back what it published, then takes no new connections; resolves when every caller is gone, or after the bootstrap's `drain.timeout`. Requests that are open then are
   * answered with an error.
   */
  async drain(): Promise<void> {
    this.#closing = true;
    await this.publishings.withdraw();
    this.log.info('draining: no new connections, open requests are answered');
    const { timeout, quiet } = this.bootstrap.drain;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeout);
    });
    await Promise.race([Promise.all(this.listeners.map(({ listener }) => listener.drain(quiet))), late]);
    clearTimeout(timer);
    const open = this.listeners.flatMap(({ protocols }) => protocols).reduce((sum, { stats }) => sum + stats.requestsActive, 0);
    if (open > 0) this.log.warn('requests were open at the end of the drain and got an error', { open, timeout });
    const passedOn = this.listeners.reduce((sum, { opaque }) => sum + (opaque?.stats.connectionsActive ?? 0), 0);
    if (passedOn > 0)
      this.log.warn('connections that are passed on were open at the end of the drain and get closed', { open: passedOn, timeout });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.publishings.stop();
    await this.#watcher?.close();
    await this.#tls.close();
    this.#caller.close();
    // Services first: requests that are open get an answer while their callers are still there to hear it.
    for (const { pools } of this.protocols.values()) pools.close('the proxy stopped before the service answered');
    for (let turn = 0; turn < CLOSE_TURNS && this.#connectionsToServices() > 0; turn++) await new Promise(setImmediate);
    const closed = this.listeners.map((listener) => listener.close('the proxy stopped'));
    this.#wheel.stop();
    await Promise.all([...closed, ...this.registries.map((registry) => registry.stop())]);
    // Last, so that requests that were cut off have a line, too.
    await this.accessLog?.close();
  }

  #connectionsToServices(): number {
    let connections = 0;
    for (const { pools } of this.protocols.values()) for (const pool of pools.pools()) connections += pool.connectionCount;
    return connections;
  }

  #protocol(name: string, plugins: PluginRegistry) {
    const codec = plugins.protocols.get(name);
    if (codec === undefined) throw new ConfigError(`listeners: no plugin brings the protocol "${name}"`);
    let runtime = this.protocols.get(name);
    if (runtime === undefined) {
      const { bootstrap } = this;
      runtime = new ProtocolRuntime(codec, { bootstrap, loadBalancers: plugins.loadBalancers, wheel: this.#wheel, tls: this.#tls });
      this.protocols.set(name, runtime);
    }
    return { codec, runtime };
  }

  #onOpaqueEnd(connection: OpaqueConnection): void {
    const { listener, peer, reason, end } = connection;
    this.accessLog?.write(opaqueAccessRecord(connection));
    if (end === 'no-service') this.log.warn('no service took a connection, which was reset', { listener, peer, reason });
    else this.log.debug('a connection that was passed on is over', { listener, peer, reason });
  }

  /** Puts resources in force on every listener, or on none. Gives back all problems. */
  #apply(resources: MeshResources, known: readonly Problem[]): readonly Problem[] {
    const prepared = this.listeners.map((listener) => listener.prepare(resources));
    const problems = judged(known, prepared, this.listeners);
    this.config.problems = problems;
    if (hasErrors(problems)) {
      this.config.rejected++;
      return problems;
    }
    this.store.source(FILES).replaceAll(resources.serviceEntries);
    const releases = prepared.map((each) => each.commit());
    this.resources = resources;
    this.#tls.keep(clientTlsOf(resources.destinationRules));
    this.config.loadedAt = Date.now();
    // Requests that found the former routes may still need its clusters for another attempt.
    setTimeout(() => {
      for (const release of releases) release();
    }, this.bootstrap.defaultTimeout).unref();
    return problems;
  }

  #onChange({ resources, problems: known, sources }: LoadedMesh): void {
    const problems = this.#apply(resources, known);
    const news = problems.filter((problem) => !known.includes(problem));
    this.#report(news, sources);
    if (hasErrors(news)) return;
    this.config.reloads++;
    const { virtualServices, destinationRules, serviceEntries } = resources;
    this.log.info('the changed resources are in force', {
      virtualServices: virtualServices.length,
      destinationRules: destinationRules.length,
      serviceEntries: serviceEntries.length,
    });
  }
  #onProblems(problems: readonly Problem[], sources: SourceTexts): void {
    this.config.problems = problems;
    if (hasErrors(problems)) this.config.rejected++;
    this.#report(problems, sources);
  }
  #report(problems: readonly Problem[], sources: SourceTexts): void {
    for (const problem of problems) this.log[problem.severity === 'error' ? 'error' : 'warn'](describeProblem(problem, sources));
    if (hasErrors(problems)) this.log.error('the changed resources are not taken; what was in force stays so');
  }

  async #firstSync(timeoutMs = FIRST_SYNC_MS): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (this.registries.some(({ hasAnswered }) => !hasAnswered) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, SYNC_POLL_MS));
    }
  }
}

function refusal(problems: readonly Problem[], sources: SourceTexts): RefusedConfiguration {
  return new RefusedConfiguration(problems.map((problem) => formatProblem(problem, sources)).join('\n'), problems);
}
