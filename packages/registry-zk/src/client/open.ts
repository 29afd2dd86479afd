import { ConfigError } from '@polywire/core/spi';
import { BuiltinZkClient } from './builtin.ts';
import type { ZkClient, ZkClientOptions, ZkListener } from './client.ts';
import { NativeZkClient } from './native.ts';
import { loadNativeModule } from './native-module.ts';

/** `builtin` is this package's own client, `native` that of the npm package `zookeeper`. */
export const DRIVERS = ['builtin', 'native'] as const;

export type ZkDriver = (typeof DRIVERS)[number];

/** Makes a client, which is not connecting yet. */
export type ZkOpener = (options: ZkClientOptions, listener: ZkListener) => ZkClient;

/** @throws ConfigError when the driver is not there */
export function clientOpener(driver: ZkDriver, load = loadNativeModule): ZkOpener {
  if (driver === 'builtin') return (options, listener) => new BuiltinZkClient(options, listener);
  try {
    const native = load();
    return (options, listener) => new NativeZkClient(options, listener, native);
  } catch (error) {
    throw new ConfigError(`driver: ${error instanceof Error ? error.message : String(error)}`);
  }
}
