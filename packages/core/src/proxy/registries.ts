import type { RegistryConfig } from '../config/bootstrap-model.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { Log } from '../observe/log.ts';
import type { RegistryAdapterFactory, RegistryContext } from '../registry/registry.ts';
import type { ServiceEntryStore } from '../registry/service-entry-store.ts';
import { RegistryRuntime } from './registry-runtime.ts';

/** What registries are made with. */
export interface RegistriesOptions {
  /** By type. */
  readonly factories: ReadonlyMap<string, RegistryAdapterFactory>;
  readonly context: RegistryContext;
  /** Absolute; what files are relative to. */
  readonly directory: string;
  readonly store: ServiceEntryStore;
  readonly log: Log;
}

/**
 * The bootstrap's registries, not started.
 * @throws ConfigError when no plugin brings a type
 */
export function createRegistries(registries: readonly RegistryConfig[], options: RegistriesOptions): RegistryRuntime[] {
  const { factories, context, directory, store, log } = options;
  return registries.map((config) => {
    const factory = factories.get(config.type);
    if (factory === undefined) throw new ConfigError(`registries: no plugin brings the type "${config.type}"`);
    return new RegistryRuntime({ adapter: factory.create(config.config, context), config, directory, store, log });
  });
}
