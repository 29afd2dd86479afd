import type { ListenerConfig } from '../config/bootstrap-model.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { Filter, FilterFactory } from '../filter/filter.ts';
import type { Frame } from '../protocol/spi.ts';
import type { RouteProtocol } from '../route/compile-service.ts';

/** The filters of a listener, which all its protocols share, and the headers that they declared. */
export class ListenerFilters {
  readonly filters: readonly Filter[];
  readonly declared: readonly string[];
  readonly #config: ListenerConfig;

  /** @throws ConfigError when there is no such filter, or it refuses its configuration */
  constructor(config: ListenerConfig, factories: ReadonlyMap<string, FilterFactory>) {
    const declared: string[] = [];
    const declare = (header: string): number => {
      const known = declared.indexOf(header);
      return known >= 0 ? known : declared.push(header) - 1;
    };
    this.filters = config.filters.map(({ name, config: settings }) => {
      const factory = factories.get(name);
      if (factory === undefined) throw new ConfigError(`listener ${config.name}: no plugin brings the filter "${name}"`);
      return factory.create(settings, declare);
    });
    this.declared = declared;
    this.#config = config;
  }

  /** @throws ConfigError when a protocol lacks what a filter needs */
  check({ name: protocol, capabilities }: RouteProtocol<Frame>): void {
    for (const [index, { requires = [] }] of this.filters.entries()) {
      const missing = requires.find((capability) => !capabilities.has(capability));
      if (missing === undefined) continue;
      const { name, filters } = this.#config;
      throw new ConfigError(
        `listener ${name}: the filter "${filters[index]?.name ?? ''}" needs ${missing}, which the protocol ${protocol} does not have`,
      );
    }
  }
}
