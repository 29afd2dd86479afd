import { ConfigError } from '@polywire/core/spi';
import { FRAMED, HEADER, type Transport, UNFRAMED } from './frame.ts';
import type { OnewayMethods } from './message.ts';

/** What callers leave unsaid, and what services need to hear. */
export interface Settings {
  /** The service of calls whose names hold none. */
  readonly service: string;
  /** What services speak; undefined: whatever the caller speaks. */
  readonly transport: Transport | undefined;
  /** Whether services get names without the service in front. */
  readonly strip: boolean;
  readonly callsPerConnection: 'one' | 'many' | undefined;
  readonly oneways: OnewayMethods | undefined;
}

/** Nothing was said. */
export const DEFAULTS: Settings = { service: '', transport: undefined, strip: false, callsPerConnection: undefined, oneways: undefined };

/** What is about a listener's callers and what is about services. */
export const SIDES: ReadonlyMap<string, 'callers' | 'services'> = new Map([
  ['service', 'callers'],
  ['oneway-methods', 'callers'],
  ['transport', 'services'],
  ['multiplexed', 'services'],
  ['calls-per-connection', 'services'],
]);

const TRANSPORTS: ReadonlyMap<string, Transport | undefined> = new Map([
  ['framed', FRAMED],
  ['unframed', UNFRAMED],
  ['header', HEADER],
  ['as-received', undefined],
]);

/**
 * Reads the settings of a listener or of services.
 * @throws ConfigError for names and values that Thrift does not have, with those that it has
 */
export function readSettings(settings: ReadonlyMap<string, string>): Settings {
  let read = DEFAULTS;
  for (const [name, value] of settings) read = { ...read, ...readSetting(name, value.trim()) };
  return read;
}

function readSetting(name: string, value: string): Partial<Settings> {
  switch (name) {
    case 'service':
      if (value === '' || /[\s:]/.test(value)) throw new ConfigError(`thrift's service is the name of one service, not "${value}"`);
      return { service: value };
    case 'transport':
      if (!TRANSPORTS.has(value)) {
        throw new ConfigError(`thrift's transport is one of ${[...TRANSPORTS.keys()].join(', ')}, not "${value}"`);
      }
      return { transport: TRANSPORTS.get(value) };
    case 'calls-per-connection':
      if (value !== 'one' && value !== 'many') throw new ConfigError(`thrift's calls-per-connection is one or many, not "${value}"`);
      return { callsPerConnection: value };
    case 'multiplexed':
      if (value !== 'keep' && value !== 'strip') throw new ConfigError(`thrift's multiplexed is keep or strip, not "${value}"`);
      return { strip: value === 'strip' };
    case 'oneway-methods':
      return { oneways: readMethods(value) };
    default:
      throw new ConfigError(
        `thrift has no setting ${name}; it has service, transport, multiplexed, calls-per-connection and oneway-methods`,
      );
  }
}

function readMethods(value: string): OnewayMethods {
  const methods = value.split(',').map((method) => method.trim());
  if (methods.some((method) => !/^([^\s:]+:)?[^\s:]+$/.test(method))) {
    throw new ConfigError(`thrift's oneway-methods are names with commas between them, each as method or Service:method, not "${value}"`);
  }
  return new Set(methods);
}
