import type { RegistryAdapter, RegistryAdapterFactory, RegistryContext, ServiceEntrySink } from '@polywire/core/spi';
import type { ZkClient, ZkEvent } from './client/client.ts';
import { clientOpener, type ZkOpener } from './client/open.ts';
import { parseConfig, type ZooKeeperConfig } from './config.ts';
import { sessionOf } from './follow/lineage.ts';
import { MergedServices } from './follow/merged-services.ts';
import { ReadLimit } from './follow/read-limit.ts';
import { SettledServices } from './follow/settled-services.ts';
import { createGovernance, createLayouts } from './layouts.ts';
import { RegistryTrees } from './registry-trees.ts';

/** Services that providers register in ZooKeeper. */
export const zookeeperFactory: RegistryAdapterFactory = {
  type: 'zookeeper',
  create: (config, context) => new ZooKeeperAdapter(parseConfig(config, context.directory), context),
};

class ZooKeeperAdapter implements RegistryAdapter {
  readonly name: string;
  readonly #config: ZooKeeperConfig;
  readonly #context: RegistryContext;
  readonly #open: ZkOpener;
  #client: ZkClient | undefined;
  #trees: RegistryTrees | undefined;
  #settled: SettledServices | undefined;

  constructor(config: ZooKeeperConfig, context: RegistryContext) {
    this.name = `zookeeper ${config.client.address}`;
    this.#config = config;
    this.#context = context;
    this.#open = clientOpener(config.driver);
  }

  get session(): string | undefined {
    return this.#client && sessionOf(this.#client);
  }

  async start(sink: ServiceEntrySink): Promise<void> {
    if (this.#client !== undefined) throw new Error(`${this.name} was started before`);
    let isStale = false;
    const { call, showsFaults = false } = this.#context;
    const unreadLevel = showsFaults ? 'debug' : 'warn';
    // Paths are the same in many registries.
    const log: RegistryContext['log'] = (level, message, fields) => this.#context.log(level, message, { registry: this.name, ...fields });
    const client = this.#open(this.#config.client, {
      connected: (newSession) => {
        this.#context.log('info', `connected to ${this.name}`, { newSession });
        isStale = false;
        trees.connected();
      },
      disconnected: (cause) => {
        trees.disconnected();
        const kept = settled.hasDelivered ? 'what it announced stays in force' : 'it has announced nothing since the start';
        this.#context.log(isStale ? 'debug' : unreadLevel, `${this.name} is away; ${kept}`, { error: cause });
        if (!isStale) sink.stale(cause);
        isStale = true;
      },
      event: (event: ZkEvent) => trees.event(event),
    });
    const governance = createGovernance(this.#config, log);
    const rules = governance?.rules;
    const settled = new SettledServices(sink, this.#config.emptyDelayMs);
    const services = new MergedServices(settled, rules);
    rules?.attach(services);
    const reads = new ReadLimit(this.#config.follow.concurrentReads);
    const layouts = [...createLayouts(this.#config, { client, reads, services, log, call }), ...(governance?.layouts ?? [])];
    const trees = new RegistryTrees({ client, reads, layouts, services, sink, follow: this.#config.follow, log, unreadLevel });
    this.#client = client;
    this.#trees = trees;
    this.#settled = settled;
    client.connect();
  }

  async stop(): Promise<void> {
    this.#trees?.stop();
    this.#settled?.stop();
    await this.#client?.close();
  }
}
