import { ConfigError } from '../errors/config-error.ts';
import type { FrameProtocol } from './spi.ts';
import type { Protocol } from './streaming.ts';

/** Settings of services of one protocol are annotations, and metadata of endpoints, under `<protocol>.polywire.io/<setting>`. */
const SUFFIX = '.polywire.io/';

/** What `metadata` says to `protocol`, by setting. */
export function settingsOf(protocol: string, metadata: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const prefix = protocol + SUFFIX;
  const settings = new Map<string, string>();
  for (const [key, value] of metadata) if (key.startsWith(prefix)) settings.set(key.slice(prefix.length), value);
  return settings;
}

/** `settings` as metadata of an endpoint. */
export function settingsAsMetadata(protocol: string, settings: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...settings].map(([name, value]) => [protocol + SUFFIX + name, value]));
}

/** The protocol with settings. @throws ConfigError for settings that it does not have */
export function configured(protocol: FrameProtocol, settings: ReadonlyMap<string, string>): FrameProtocol;
export function configured(protocol: Protocol, settings: ReadonlyMap<string, string>): Protocol;
export function configured(protocol: Protocol, settings: ReadonlyMap<string, string>): Protocol {
  if (settings.size === 0) return protocol;
  if (protocol.configure === undefined) {
    throw new ConfigError(`the protocol ${protocol.name} has no settings, so "${[...settings.keys()].join('", "')}" means nothing to it`);
  }
  return protocol.configure(settings);
}
