import type { RegistryConfig } from '../config/bootstrap-model.ts';
import { ConfigError } from '../errors/config-error.ts';
import type { RegistryAdapter, RegistryAdapterFactory, RegistryContext } from '../registry/registry.ts';

/**
 * The bootstrap's registries, not started.
 * @param factories by type
 * @throws ConfigError when no plugin brings a type
 */
export function createRegistries(
  registries: readonly RegistryConfig[],
  factories: ReadonlyMap<string, RegistryAdapterFactory>,
  context: RegistryContext,
): RegistryAdapter[] {
  return registries.map(({ type, config }) => {
    const factory = factories.get(type);
    if (factory === undefined) throw new ConfigError(`registries: no plugin brings the type "${type}"`);
    return factory.create(config, context);
  });
}
