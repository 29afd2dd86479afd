import { ISTIO_PROTOCOLS } from '../../identity/istio-protocols.ts';
import { OPAQUE_PROTOCOL } from '../../identity/opaque-protocol.ts';
import type { ServicePort } from '../../registry/registry.ts';
import { didYouMean } from '../suggest.ts';
import type { FieldTable, ObjectReader } from './object-reader.ts';
import type { ResourceOptions } from './options.ts';

/** Istio's ServicePort. */
const SERVICE_PORT_FIELDS: FieldTable = { number: 'read', protocol: 'read', name: 'read', targetPort: 'read' };

/** Of Istio's, those that nothing but opaque connections would carry in any case. */
const OPAQUE_PROTOCOLS: ReadonlySet<string> = new Set(['HTTPS', 'MONGO', 'MYSQL', 'REDIS', 'TLS']);

/** The port that requests go to, of those that a ServiceEntry lists. */
export interface ChosenPort {
  readonly port: ServicePort;
  /** Where endpoints listen that do not say their own. */
  readonly targetPort: number;
  /** undefined: plain TCP, spoken as the listener speaks. */
  readonly codec: string | undefined;
}

/** What a ServiceEntry's `ports` say. */
export interface ServicePorts {
  readonly all: readonly ServicePort[];
  /** undefined when none of them can be spoken, which was reported. */
  readonly chosen: ChosenPort | undefined;
}

/**
 * Reads `ports` and chooses the one that requests go to: the only one that a loaded protocol speaks, else the only one that is plain TCP.
 * An RPC names a service and no port, so two that would do are an error.
 */
export function readServicePorts(spec: ObjectReader, options: ResourceOptions): ServicePorts {
  const readers = spec.objects('ports', SERVICE_PORT_FIELDS);
  if (readers.length === 0) {
    spec.error(`${spec.name()} needs at least one of ports`, spec.has('ports') ? 'ports' : undefined);
    return { all: [], chosen: undefined };
  }
  const ports: ReadPort[] = [];
  for (const reader of readers) {
    const read = readPort(reader, options);
    if (read === undefined) continue;
    checkDistinct(read.chosen.port, ports, reader);
    ports.push(read);
  }
  const all = ports.map(({ chosen }) => chosen.port);
  return { all, chosen: ports.length < readers.length ? undefined : choose(spec, ports, options) };
}

interface ReadPort {
  readonly chosen: ChosenPort;
  /** Whether a request can be sent there at all. */
  readonly spoken: boolean;
}

function readPort(reader: ObjectReader, options: ResourceOptions): ReadPort | undefined {
  const number = reader.has('number') ? reader.integer('number', 1, 65_535) : undefined;
  if (!reader.has('number')) reader.error(`${reader.name()} needs number`);
  const name = reader.requiredText('name');
  const protocol = reader.has('protocol') ? reader.requiredText('protocol')?.toUpperCase() : 'TCP';
  const targetPort = reader.integer('targetPort', 1, 65_535) ?? number;
  if (number === undefined || name === undefined || protocol === undefined || targetPort === undefined) return undefined;
  const port = { name, number, protocol };
  if (protocol === 'TCP') {
    const word = name.split('-', 1)[0]?.toLowerCase() ?? '';
    return { chosen: { port, targetPort, codec: options.protocols.get(word) }, spoken: true };
  }
  const codec = options.protocols.get(protocol.toLowerCase());
  const known = [...new Set([...ISTIO_PROTOCOLS, ...[...options.protocols.keys()].map((each) => each.toUpperCase())])];
  if (!known.includes(protocol)) {
    const fault = `${reader.name('protocol')} "${protocol}" is neither one of Istio's nor that of a loaded plugin`;
    reader.error(`${fault}.${didYouMean(protocol, known) || ` There are ${known.join(', ')}.`}`, 'protocol');
  }
  return { chosen: { port, targetPort, codec: codec ?? protocol.toLowerCase() }, spoken: codec !== undefined };
}

function checkDistinct(port: ServicePort, others: readonly ReadPort[], reader: ObjectReader): void {
  for (const { chosen } of others) {
    if (chosen.port.name === port.name) reader.error(`${reader.name('name')}: there is a port "${port.name}" already`, 'name');
    if (chosen.port.number === port.number) reader.error(`${reader.name('number')}: there is a port ${port.number} already`, 'number');
  }
}

function choose(spec: ObjectReader, ports: readonly ReadPort[], options: ResourceOptions): ChosenPort | undefined {
  const spoken = ports.filter((port) => port.spoken);
  const named = spoken.filter(({ chosen }) => chosen.codec !== undefined);
  const candidates = named.length > 0 ? named : spoken;
  const [first, second] = candidates;
  if (first === undefined) return chooseOpaque(spec, ports, options);
  if (second !== undefined) {
    spec.error(`${spec.name('ports')}: ${names(candidates)} could all be meant: write one ServiceEntry for each`, 'ports');
    return undefined;
  }
  const others = ports.filter((port) => port !== first);
  if (others.length > 0) spec.warn(`${spec.name('ports')}: requests go to ${names([first])}; ${names(others)} is not used`, 'ports');
  return first.chosen;
}

/** No requests go there, but opaque connections can: to the only port that takes them. */
function chooseOpaque(spec: ObjectReader, ports: readonly ReadPort[], options: ResourceOptions): ChosenPort | undefined {
  const [port, another] = ports.filter(({ chosen }) => chosen.port.protocol !== 'UDP');
  const loaded = [...new Set(options.protocols.values())].sort().join(', ') || 'none';
  const why = `no loaded protocol speaks ${names(ports)} (loaded: ${loaded})`;
  if (port === undefined || another !== undefined) {
    spec.warn(`${spec.name()} is left out: ${why}`, 'ports');
    return undefined;
  }
  if (!OPAQUE_PROTOCOLS.has(port.chosen.port.protocol)) {
    spec.warn(`${spec.name()} is only for connections that are passed on as they are: ${why}`, 'ports');
  }
  return { ...port.chosen, codec: OPAQUE_PROTOCOL };
}

function names(ports: readonly ReadPort[]): string {
  return ports.map(({ chosen: { port } }) => `port "${port.name}" (${port.protocol})`).join(' and ');
}
