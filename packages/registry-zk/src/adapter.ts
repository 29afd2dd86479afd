import type { RegistryAdapter, RegistryAdapterFactory, RegistryContext, ServiceEntrySink } from '@polywire/core/spi';
import { BuiltinZkClient } from './client/builtin.ts';
import type { ZkClient, ZkEvent } from './client/client.ts';
import { parseConfig, type ZooKeeperConfig } from './config.ts';
import { DubboLayout } from './dubbo/dubbo-layout.ts';

/** Services that Dubbo providers register in ZooKeeper, by interface. */
export const zookeeperFactory: RegistryAdapterFactory = {
  type: 'zookeeper',
  create: (config, context) => new ZooKeeperAdapter(parseConfig(config), context),
};

class ZooKeeperAdapter implements RegistryAdapter {
  readonly name: string;
  readonly #config: ZooKeeperConfig;
  readonly #context: RegistryContext;
  #client: ZkClient | undefined;
  #layout: DubboLayout | undefined;

  constructor(config: ZooKeeperConfig, context: RegistryContext) {
    this.name = `zookeeper ${config.client.address}`;
    this.#config = config;
    this.#context = context;
  }

  async start(sink: ServiceEntrySink): Promise<void> {
    if (this.#client !== undefined) throw new Error(`${this.name} was started before`);
    let isStale = false;
    const client = new BuiltinZkClient(this.#config.client, {
      connected: (newSession) => {
        this.#context.log('info', `connected to ${this.name}`, { newSession });
        isStale = false;
        void layout.connected();
      },
      disconnected: (cause) => {
        layout.disconnected();
        this.#context.log(isStale ? 'debug' : 'warn', `${this.name} is away; what it announced stays in force`, { error: cause });
        if (!isStale) sink.stale(cause);
        isStale = true;
      },
      event: (event: ZkEvent) => layout.event(event),
    });
    const layout = new DubboLayout(client, sink, this.#context, this.#config.dubbo);
    this.#client = client;
    this.#layout = layout;
    client.connect();
  }

  async stop(): Promise<void> {
    this.#layout?.disconnected();
    await this.#client?.close();
  }
}
