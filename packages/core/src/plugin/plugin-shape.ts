import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import type { Capability } from '../protocol/spi.ts';
import type { Protocol } from '../protocol/streaming.ts';
import { type Plugin, SPI_VERSION } from './plugin.ts';

const MAX_ID = 2 ** 31 - 1;

/** What keeps `value` from being a plugin, or undefined. Types do not guard here: a plugin may be plain JavaScript, or of another version. */
export function pluginFault(value: unknown): string | undefined {
  if (!isRecord(value)) return `its export "plugin" is ${describe(value)}, not an object`;
  const { name, spiVersion } = value;
  if (spiVersion !== SPI_VERSION) {
    return `it was written for version ${describe(spiVersion)} of the plugin interfaces; this Polywire has version ${SPI_VERSION}`;
  }
  if (typeof name !== 'string' || name === '') return 'its "name" is missing';
  return (
    listFault(value, 'protocols', (item) =>
      typeof item === 'function' ? undefined : `is ${describe(item)}, not a function (core) => protocol`,
    ) ??
    listFault(value, 'filters', (item) => factoryFault(item, 'name')) ??
    listFault(value, 'registries', (item) => factoryFault(item, 'type')) ??
    listFault(value, 'publishers', (item) => factoryFault(item, 'type')) ??
    listFault(value, 'loadBalancers', (item) => factoryFault(item, 'name'))
  );
}

/** Whether `value` is fit for use as a plugin. */
export function isPlugin(value: unknown): value is Plugin {
  return pluginFault(value) === undefined;
}

/** What keeps a protocol's facets from being called, or undefined. */
export function protocolFault(protocol: Protocol): string | undefined {
  const value: unknown = protocol;
  if (!isRecord(value)) return `is ${describe(value)}, not an object`;
  const { name } = value;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(name))
    return `has the name ${describe(name)}; a name is lower case: a-z, 0-9 and -`;
  if (name === OPAQUE_PROTOCOL) return `has the name "${OPAQUE_PROTOCOL}", which is that of bytes passed on as they are`;
  if ('streams' in value) return streamingFault(value, name);
  const fault =
    membersFault(value, '', ['connection'], ['detect', 'configure', 'dialect']) ??
    facetFault(value, 'multiplexing', ['assignId', 'assignedId', 'restoreId'], ['assignable', 'objection', 'callerId']) ??
    facetFault(value, 'routing', ['service', 'method', 'scan', 'headers', 'outcome'], ['setRemainingMs']) ??
    facetFault(value, 'mediation', ['edit', 'localReply'], []) ??
    facetFault(value, 'integrity', ['trailerMask'], []) ??
    facetFault(value, 'calls', ['request', 'answer'], []);
  if (fault !== undefined) return `"${name}": ${fault}`;
  const { multiplexing, routing } = value;
  const { maxId } = isRecord(multiplexing) ? multiplexing : { maxId: MAX_ID };
  if (!isIdLimit(maxId)) return `"${name}": multiplexing.maxId is not an integer from 1 to ${MAX_ID}`;
  const { caseSensitiveHeaders } = isRecord(routing) ? routing : { caseSensitiveHeaders: true };
  return typeof caseSensitiveHeaders === 'boolean' ? undefined : `"${name}": routing.caseSensitiveHeaders is not a boolean`;
}

const CAPABILITIES: readonly Capability[] = ['multiplexing', 'routing', 'mediation'];

/** What keeps a protocol with streams of its own from being used. */
function streamingFault(value: Record<string, unknown>, name: string): string | undefined {
  const fault =
    membersFault(value, '', ['streams'], ['detect', 'configure']) ??
    (isListOf(value['capabilities'], CAPABILITIES) ? undefined : `capabilities is not a list of ${CAPABILITIES.join(', ')}`) ??
    namesFault(value, 'aliases') ??
    namesFault(value, 'alpn');
  return fault === undefined ? undefined : `"${name}": ${fault}`;
}

function isListOf(value: unknown, known: readonly string[]): boolean {
  return Array.isArray(value) && value.every((item) => known.includes(item));
}
function namesFault(value: Record<string, unknown>, field: string): string | undefined {
  const names = value[field];
  if (names === undefined || (Array.isArray(names) && names.every((item) => typeof item === 'string' && item !== ''))) return undefined;
  return `${field} is not a list of names`;
}

function isIdLimit(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_ID;
}

function facetFault(
  protocol: Record<string, unknown>,
  facet: string,
  required: readonly string[],
  optional: readonly string[],
): string | undefined {
  const value = protocol[facet];
  if (value === undefined) return undefined;
  if (!isRecord(value)) return `${facet} is ${describe(value)}, not an object`;
  return membersFault(value, `${facet}.`, required, optional);
}

function membersFault(
  value: Record<string, unknown>,
  prefix: string,
  required: readonly string[],
  optional: readonly string[],
): string | undefined {
  for (const member of required) {
    if (typeof value[member] !== 'function') return `${prefix}${member} is ${describe(value[member])}, not a function`;
  }
  for (const member of optional) {
    if (value[member] !== undefined && typeof value[member] !== 'function')
      return `${prefix}${member} is ${describe(value[member])}, not a function`;
  }
  return undefined;
}

function listFault(plugin: Record<string, unknown>, field: string, fault: (item: unknown) => string | undefined): string | undefined {
  const list = plugin[field];
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) return `its "${field}" is ${describe(list)}, not an array`;
  for (const [index, item] of list.entries()) {
    const found = fault(item);
    if (found !== undefined) return `its ${field}[${index}] ${found}`;
  }
  return undefined;
}

function factoryFault(item: unknown, key: string): string | undefined {
  if (!isRecord(item)) return `is ${describe(item)}, not an object`;
  if (typeof item[key] !== 'string' || item[key] === '') return `has no "${key}"`;
  const { create } = item;
  return typeof create === 'function' ? undefined : `("${item[key]}") has no function "create"`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' || typeof value === 'number' || value === null ? JSON.stringify(value) : `a ${typeof value}`;
}
