import type { LoadBalancerFactory } from '../cluster/load-balancer.ts';
import type { ResourceOptions } from '../config/resources/options.ts';
import { ConfigError } from '../errors/config-error.ts';
import { messageOf } from '../errors/message-of.ts';
import type { FilterFactory } from '../filter/filter.ts';
import type { CodecCore } from '../protocol/spi.ts';
import type { Protocol } from '../protocol/streaming.ts';
import type { PublisherFactory } from '../publish/publisher.ts';
import type { RegistryAdapterFactory } from '../registry/registry.ts';
import type { Plugin } from './plugin.ts';
import { pluginFault, protocolFault } from './plugin-shape.ts';
import { settingsFault } from './settings-fault.ts';

/** Everything that plugins added, by the names that configuration uses. Built-in and outside plugins come in by the same door. */
export class PluginRegistry {
  readonly protocols: ReadonlyMap<string, Protocol>;
  readonly filters: ReadonlyMap<string, FilterFactory>;
  readonly registries: ReadonlyMap<string, RegistryAdapterFactory>;
  readonly publishers: ReadonlyMap<string, PublisherFactory>;
  readonly loadBalancers: ReadonlyMap<string, LoadBalancerFactory>;
  readonly #core: CodecCore;
  readonly #origins = new Map<string, string>();
  readonly #protocols = new Map<string, Protocol>();
  readonly #filters = new Map<string, FilterFactory>();
  readonly #registries = new Map<string, RegistryAdapterFactory>();
  readonly #publishers = new Map<string, PublisherFactory>();
  readonly #loadBalancers = new Map<string, LoadBalancerFactory>();

  /** @param core what codecs may use of the engine */
  constructor(core: CodecCore) {
    this.#core = core;
    this.protocols = this.#protocols;
    this.filters = this.#filters;
    this.registries = this.#registries;
    this.publishers = this.#publishers;
    this.loadBalancers = this.#loadBalancers;
  }

  /** What mesh resources may name. */
  get resourceOptions(): ResourceOptions {
    return {
      loadBalancers: new Set(this.#loadBalancers.keys()),
      protocols: new Map([...this.#protocols.values()].flatMap((protocol) => namesOf(protocol).map((name) => [name, protocol.name]))),
      settingsFault: (protocol, settings) => {
        const codec = this.#protocols.get(protocol);
        return codec && settingsFault(codec, settings, 'services');
      },
    };
  }

  /**
   * Adds what a plugin brings: all of it, or nothing.
   * @param origin where it came from, for messages: a file, a package, or `built in`
   * @throws ConfigError when it is no plugin, or brings a name that another one brought
   */
  add(plugin: Plugin, origin: string): void {
    const fault = pluginFault(plugin);
    if (fault !== undefined) throw new ConfigError(`plugin ${origin} cannot be used: ${fault}`);
    const protocols = (plugin.protocols ?? []).map((create, index) => this.#createProtocol(() => create(this.#core), origin, index));
    const names = [
      ...protocols.flatMap(namesOf).map((name) => `protocol "${name}"`),
      ...(plugin.filters ?? []).map(({ name }) => `filter "${name}"`),
      ...(plugin.registries ?? []).map(({ type }) => `registry "${type}"`),
      ...(plugin.publishers ?? []).map(({ type }) => `publisher "${type}"`),
      ...(plugin.loadBalancers ?? []).map(({ name }) => `load balancer "${name}"`),
    ];
    this.#claim(names, origin);
    for (const protocol of protocols) this.#protocols.set(protocol.name, protocol);
    for (const filter of plugin.filters ?? []) this.#filters.set(filter.name, filter);
    for (const registry of plugin.registries ?? []) this.#registries.set(registry.type, registry);
    for (const publisher of plugin.publishers ?? []) this.#publishers.set(publisher.type, publisher);
    for (const balancer of plugin.loadBalancers ?? []) this.#loadBalancers.set(balancer.name, balancer);
  }

  #createProtocol(create: () => Protocol, origin: string, index: number): Protocol {
    let protocol: Protocol;
    try {
      protocol = create();
    } catch (error) {
      const reason = messageOf(error);
      throw new ConfigError(`plugin ${origin} cannot be used: its protocols[${index}] threw when it was created: ${reason}`, {
        cause: error,
      });
    }
    const fault = protocolFault(protocol);
    if (fault !== undefined) throw new ConfigError(`plugin ${origin} cannot be used: its protocol ${fault}`);
    return protocol;
  }

  #claim(names: readonly string[], origin: string): void {
    const seen = new Set<string>();
    for (const name of names) {
      const other = seen.has(name) ? origin : this.#origins.get(name);
      if (other !== undefined) throw new ConfigError(`plugin ${origin} cannot be used: ${name} is already there, from ${other}`);
      seen.add(name);
    }
    for (const name of names) this.#origins.set(name, origin);
  }
}

/** With those that ports announce it by. */
function namesOf(protocol: Protocol): readonly string[] {
  return 'streams' in protocol ? [protocol.name, ...(protocol.aliases ?? [])] : [protocol.name];
}
