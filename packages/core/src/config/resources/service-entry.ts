import type { Endpoint } from '../../cluster/endpoint.ts';
import { formatPosition } from '../../errors/config-error.ts';
import { parseServiceKey } from '../../identity/service-key.ts';
import type { ServiceEntry, ServiceIdentity } from '../../registry/registry.ts';
import { didYouMean } from '../suggest.ts';
import { isDnsName } from './hosts.ts';
import type { Metadata } from './metadata.ts';
import { type FieldTable, ignored, type ObjectReader, refused, type WrittenText } from './object-reader.ts';
import type { ResourceOptions } from './options.ts';
import { hostEndpoints, readEndpoints } from './service-endpoints.ts';
import { readServicePorts, type ServicePorts } from './service-port.ts';
import { readServiceSettings } from './service-settings.ts';
import { checkExportTo } from './virtual-service.ts';

/** Istio's ServiceEntry. */
export const SERVICE_ENTRY_FIELDS: FieldTable = {
  hosts: 'read',
  ports: 'read',
  location: 'read',
  resolution: 'read',
  endpoints: 'read',
  exportTo: 'read',
  workloadSelector: refused('the selected workloads would be missing: list them as endpoints'),
  subjectAltNames: refused('the names in certificates would not be checked: write them in trafficPolicy.tls of a DestinationRule'),
  addresses: ignored('no traffic is intercepted, so virtual addresses lead nowhere'),
};

/** Annotation that says which service a hand-written entry is, as a service key. */
const SERVICE_ANNOTATION = 'polywire.io/service';

const RESOLUTIONS = ['STATIC', 'DNS', 'NONE', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'] as const;

/** Reads a ServiceEntry; undefined when nothing can be sent to it, which was reported. */
export function readServiceEntry(
  resource: ObjectReader,
  spec: ObjectReader,
  metadata: Metadata,
  options: ResourceOptions,
): ServiceEntry | undefined {
  checkExportTo(spec);
  const hosts = readHosts(spec);
  const identity = readIdentity(resource, metadata);
  // As in Istio, where the zero value of each is what a missing field means.
  const location = spec.word('location', ['MESH_INTERNAL', 'MESH_EXTERNAL']) ?? 'MESH_EXTERNAL';
  const resolution = readResolution(spec);
  const ports = readServicePorts(spec, options);
  const settings = readServiceSettings(resource, metadata, options);
  const endpoints = resolveEndpoints(spec, { resolution, hosts, ports, settings });
  const [host, ...aliases] = hosts.map(({ text }) => text);
  if (host === undefined || ports.chosen === undefined) return undefined;
  return {
    host,
    aliases,
    identity,
    protocol: ports.chosen.codec,
    resolution,
    location,
    ports: ports.all,
    ...(ports.all.length > 1 && { port: ports.chosen.port.number }),
    endpoints,
    annotations: metadata.annotations,
    origin: formatPosition(resource.position()),
  };
}

function readHosts(spec: ObjectReader): WrittenText[] {
  const hosts = spec.texts('hosts');
  if (hosts.length === 0) spec.error(`${spec.name()} needs at least one of hosts`, spec.has('hosts') ? 'hosts' : undefined);
  for (const [index, { text }] of hosts.entries()) {
    const name = text.startsWith('*.') ? text.slice(2) : text;
    if (isDnsName(name)) continue;
    const advice = `write a DNS name, and the service's key into the annotation ${SERVICE_ANNOTATION}`;
    spec.errorAt(['hosts', index], `${spec.name('hosts')}: "${text}" is not a host of a ServiceEntry: ${advice}`);
  }
  return hosts;
}

function readIdentity(resource: ObjectReader, { annotations }: Metadata): ServiceIdentity | undefined {
  for (const key of annotations.keys()) {
    if (!key.startsWith('polywire.io/') || key === SERVICE_ANNOTATION) continue;
    const message = `the annotation "${key}" has no effect in files.${didYouMean(key, [SERVICE_ANNOTATION])}`;
    resource.warnAt(['metadata', 'annotations', key], message);
  }
  const written = annotations.get(SERVICE_ANNOTATION);
  const identity = written === undefined || written.includes('*') ? undefined : parseServiceKey(written);
  if (written !== undefined && identity === undefined) {
    const message = `${SERVICE_ANNOTATION} "${written}" is not a service key: write it like group/com.acme.UserService:1.0.0`;
    resource.errorAt(['metadata', 'annotations', SERVICE_ANNOTATION], message);
  }
  return identity;
}

function readResolution(spec: ObjectReader): ServiceEntry['resolution'] {
  const word = spec.word('resolution', RESOLUTIONS) ?? 'NONE';
  if (word === 'STATIC' || word === 'DNS' || word === 'NONE') return word;
  spec.error(
    `${spec.name('resolution')} ${word} is not implemented: requests would go to other addresses of the name. Write DNS`,
    'resolution',
  );
  return 'DNS';
}

interface EndpointSources {
  readonly resolution: ServiceEntry['resolution'];
  readonly hosts: readonly WrittenText[];
  readonly ports: ServicePorts;
  readonly settings: ReadonlyMap<string, string>;
}

function resolveEndpoints(spec: ObjectReader, { resolution, hosts, ports: { all, chosen }, settings }: EndpointSources): Endpoint[] {
  if (resolution === 'NONE') {
    if (spec.has('endpoints')) spec.error(`${spec.name('endpoints')} needs resolution: STATIC or DNS`, 'endpoints');
    else spec.warn(`${spec.name()} has resolution NONE, so it has no endpoints: original destinations are not known here`);
    return [];
  }
  if (chosen === undefined) return [];
  const endpoints = readEndpoints(spec, { resolution, ports: all, chosen, metadata: settings });
  if (endpoints.length > 0 || spec.has('endpoints')) return endpoints;
  if (resolution === 'DNS') return hostEndpoints(spec, hosts, chosen, settings);
  spec.warn(`${spec.name()} has resolution STATIC and no endpoints: its requests are refused`);
  return [];
}
