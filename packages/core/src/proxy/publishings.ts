import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Bootstrap, PublishConfig } from '../config/bootstrap-model.ts';
import { ConfigError } from '../errors/config-error.ts';
import { messageOf } from '../errors/message-of.ts';
import type { Log } from '../observe/log.ts';
import type { PluginRegistry } from '../plugin/plugin-registry.ts';
import { advertisedHost } from '../publish/advertised-host.ts';
import type { PublisherStatus } from '../publish/publisher.ts';
import { Publishing } from '../publish/publishing.ts';
import type { ServiceEntryStore } from '../registry/service-entry-store.ts';
import type { ListenerRuntime } from './listener-runtime.ts';

/** What is published is made from. */
export interface PublishingsOptions {
  readonly bootstrap: Bootstrap;
  readonly plugins: PluginRegistry;
  readonly listeners: readonly ListenerRuntime[];
  readonly store: ServiceEntryStore;
  /** The bootstrap file's folder. */
  readonly directory: string;
  readonly log: Log;
}

/** Everything that the bootstrap's `publish` names. */
export class Publishings {
  readonly #all: readonly { readonly publishing: Publishing; readonly listener: ListenerRuntime; readonly host: string }[];

  /** @throws ConfigError naming the entry */
  constructor(options: PublishingsOptions) {
    const instance = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
    this.#all = options.bootstrap.publish.map((config, index) => {
      try {
        return create(config, instance, options);
      } catch (error) {
        throw error instanceof ConfigError ? new ConfigError(`publish[${index}]: ${messageOf(error)}`, { cause: error }) : error;
      }
    });
  }

  /** The listeners take connections. */
  async start(): Promise<void> {
    for (const { publishing, listener, host } of this.#all) {
      await publishing.start({ host, port: publishing.config.port ?? listener.listener.port });
    }
  }

  /** Takes everything back, and resolves when callers had time to hear of it. */
  async withdraw(): Promise<void> {
    await Promise.all(this.#all.map(({ publishing }) => publishing.withdraw()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map(({ publishing }) => publishing.stop()));
  }

  statuses(): readonly PublisherStatus[] {
    return this.#all.map(({ publishing }) => publishing.publisher.status());
  }
}

function create(config: PublishConfig, instance: string, { bootstrap, plugins, listeners, store, directory, log }: PublishingsOptions) {
  const factory = plugins.publishers.get(config.type);
  if (factory === undefined) throw new ConfigError(`no plugin brings the type "${config.type}"`);
  const listener = listeners.find(({ config: { name } }) => name === config.listener);
  if (listener === undefined) throw new ConfigError(`there is no listener "${config.listener}"`);
  const protocols = listener.protocols.map(({ name }) => name);
  const publisher = factory.create(config.config, {
    instance,
    protocols,
    tls: listener.tls !== undefined,
    registries: bootstrap.registries,
    directory,
    log: (level, message, fields) => log[level](message, fields),
  });
  const host = advertisedHost(config.host, listener.config.address.host);
  return { publishing: new Publishing({ config, publisher, store, protocols, log }), listener, host };
}
