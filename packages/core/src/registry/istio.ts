import { isIP } from 'node:net';
import { stringify } from 'yaml';
import type { Endpoint } from '../cluster/endpoint.ts';
import { ISTIO_PROTOCOLS } from '../identity/istio-protocols.ts';
import type { ServiceEntry, ServicePort } from './registry.ts';

/** Istio's ServiceEntry, as a file or the Kubernetes API takes it. Keys come in one order, so that equal entries are equal text. */
export interface IstioServiceEntry {
  /** Served by every Istio since 1.6; v1 is not. */
  readonly apiVersion: 'networking.istio.io/v1beta1';
  readonly kind: 'ServiceEntry';
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: IstioServiceEntrySpec;
}

interface IstioServiceEntrySpec {
  readonly hosts: string[];
  readonly location: ServiceEntry['location'];
  readonly resolution: ServiceEntry['resolution'];
  readonly ports: { readonly name: string; readonly number: number; readonly protocol: string }[];
  readonly endpoints?: IstioEndpoint[];
}

interface IstioEndpoint {
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly weight: number;
}

/** What Kubernetes takes of them in one resource (Istio's definition of ServiceEntry, maxItems and maxProperties). */
const MAX_ENDPOINTS = 4096;
const MAX_LABELS = 256;
const MAX_WEIGHT = 2 ** 32 - 1;

/**
 * A service entry as Istio's resource, such as its validation accepts. Metadata of endpoints stays behind: it changes with each start of
 * a provider, and Istio has no place for it. So do endpoints that it would refuse or misread, see `leftOut`, and aliases: it refuses
 * several hosts where nothing in the bytes tells them apart.
 */
export function toIstio(entry: ServiceEntry): IstioServiceEntry {
  const ports = distinctPorts(entry.ports.map(istioPort));
  const [main] = ports;
  const endpoints = main === undefined || entry.resolution === 'NONE' ? [] : fitting(entry.endpoints);
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'ServiceEntry',
    metadata: { name: resourceName(entry.host), ...optional('annotations', entry.annotations) },
    spec: {
      hosts: [entry.host],
      location: entry.location,
      resolution: entry.resolution === 'NONE' ? 'NONE' : resolutionOf(endpoints),
      ports,
      ...(main === undefined || endpoints.length === 0 ? {} : { endpoints: endpoints.map((endpoint) => toEndpoint(endpoint, main)) }),
    },
  };
}

/** A service entry as the text of one YAML document, of 1.2 and of 1.1 alike. Equal resources give equal text. */
export function istioText(entry: ServiceEntry): string {
  // kubectl reads YAML 1.1 (sigs.k8s.io/yaml), in which a label `yes` is a truth value unless it is quoted.
  return stringify(toIstio(entry), { lineWidth: 0, compat: 'yaml-1.1' });
}

/** Service entries as one text of YAML documents, sorted by host. Equal entries give equal text, in whatever order they come. */
export function dumpEntries(entries: Iterable<ServiceEntry>): string {
  return [...entries]
    .sort((a, b) => compare(a.host, b.host))
    .map(istioText)
    .join('---\n');
}

/** What of a service Istio cannot be told, each with the reason. Endpoints of weight 0 take no requests and are not missed. */
export function leftOut(entry: ServiceEntry): string[] {
  const { length } = fitting(entry.endpoints, Number.POSITIVE_INFINITY);
  const reasons = entry.endpoints
    .filter(({ address, weight }) => weight > 0 && !isAddress(address))
    .map(({ address, port }) => `${address}:${port}: Istio takes neither this address nor this name`);
  if (length > MAX_ENDPOINTS) reasons.push(`${length - MAX_ENDPOINTS} endpoints: a resource has at most ${MAX_ENDPOINTS}`);
  return reasons;
}

/** Those that Istio takes, sorted. It would read the weight 0 as 1. */
function fitting(endpoints: readonly Endpoint[], limit = MAX_ENDPOINTS): Endpoint[] {
  return endpoints
    .filter(({ address, weight }) => weight > 0 && isAddress(address))
    .sort(byAddress)
    .slice(0, limit);
}

// DNS without endpoints would mean the host itself (ValidateServiceEntry), which is no name of the DNS.
function resolutionOf(endpoints: readonly Endpoint[]): 'STATIC' | 'DNS' {
  return endpoints.every(({ address }) => isIP(address) !== 0) ? 'STATIC' : 'DNS';
}

// As netutil.IsValidIPAddress or agent.ValidateFQDN: the last label must not be a number.
function isAddress(address: string): boolean {
  if (isIP(address) !== 0) return true;
  return /^(?=.{1,255}$)(?:[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?\.)*(?!\d+\.?$)[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?\.?$/.test(
    address,
  );
}

function toEndpoint(endpoint: Endpoint, port: ServicePort): IstioEndpoint {
  return {
    address: endpoint.address,
    ports: { [port.name]: endpoint.port },
    ...optional('labels', endpoint.labels, MAX_LABELS),
    weight: Math.min(MAX_WEIGHT, Math.max(1, Math.round(endpoint.weight))),
  };
}

/** A protocol that Istio does not know becomes the first word of the port's name, where Polywire finds it again. */
function istioPort({ name, number, protocol }: ServicePort): ServicePort {
  if (ISTIO_PROTOCOLS.includes(protocol.toUpperCase())) return { name, number, protocol };
  const word = protocol.toLowerCase();
  return { name: name === word || name.startsWith(`${word}-`) ? name : `${word}-${name}`, number, protocol: 'TCP' };
}

// Istio refuses an entry in which two ports share a name or a number.
function distinctPorts(ports: readonly ServicePort[]): ServicePort[] {
  const isFirst = (port: ServicePort, index: number): boolean =>
    ports.findIndex((other) => other.name === port.name || other.number === port.number) === index;
  return ports.filter(isFirst);
}

/** A resource's name is a DNS name. A host is one already, except for wildcards and service keys in files. */
function resourceName(host: string): string {
  return host
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
}

function optional<K extends string>(
  key: K,
  map: ReadonlyMap<string, string>,
  limit = map.size,
): Partial<Record<K, Record<string, string>>> {
  if (map.size === 0) return {};
  const sorted = Object.fromEntries([...map].sort(([a], [b]) => compare(a, b)).slice(0, limit));
  const result: Partial<Record<K, Record<string, string>>> = {};
  result[key] = sorted;
  return result;
}

function byAddress(a: Endpoint, b: Endpoint): number {
  return compare(a.address, b.address) || a.port - b.port;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
