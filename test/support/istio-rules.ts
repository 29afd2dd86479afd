import { isIP } from 'node:net';
import { ServiceEntry as IstioModel } from '@kubernetes-models/istio/networking.istio.io/v1beta1/ServiceEntry';

/** A resource as it is read from YAML. */
interface Resource {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly hosts: readonly string[];
    readonly resolution: string;
    readonly location: string;
    readonly ports: readonly { readonly name: string; readonly number: number; readonly protocol: string }[];
    readonly endpoints?: readonly Endpoint[];
  };
}

interface Endpoint {
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly weight: number;
}

const DNS_LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const QUALIFIED = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
/** pkg/config/protocol, Parse. */
const PROTOCOLS = ['tcp', 'udp', 'grpc', 'grpc-web', 'http', 'http_proxy', 'http2', 'https', 'tls', 'mongo', 'redis', 'mysql'];

/**
 * What Kubernetes, by Istio's definition of the resource, and istiod, by its validation (pkg/config/validation), would refuse. Each fault
 * begins with the rule's name there.
 */
export function istioFaults(written: unknown): string[] {
  const resource = written as Resource;
  return [...schemaFaults(written), ...objectFaults(resource), ...serviceEntryFaults(resource), ...limitFaults(resource)];
}

function schemaFaults(written: unknown): string[] {
  try {
    new IstioModel(structuredClone(written) as ConstructorParameters<typeof IstioModel>[0]).validate();
    return [];
  } catch (error) {
    return [`schema: ${String(error)}`];
  }
}

/** What Kubernetes asks of every object. */
function objectFaults({ metadata }: Resource): string[] {
  const { name, annotations = {} } = metadata;
  const isSubdomain = name.length <= 253 && name.split('.').every((label) => /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(label));
  return [
    ...when(!isSubdomain, `metadata.name: ${name}`),
    ...Object.keys(annotations).flatMap((key) => labelKeyFaults(key)),
    ...when(JSON.stringify(annotations).length > 256 * 1024, 'metadata.annotations: too long'),
  ];
}

/** ValidateServiceEntry. */
function serviceEntryFaults({ spec }: Resource): string[] {
  const { hosts, ports, resolution, location, endpoints = [] } = spec;
  const names = new Set(ports.map(({ name }) => name));
  const numbers = new Set(ports.map(({ number }) => number));
  const isText = ports.some(({ protocol }) => !['HTTP', 'HTTP2', 'GRPC', 'HTTPS', 'TLS'].includes(protocol));
  const isDns = resolution === 'DNS';
  return [
    ...when(hosts.length === 0, 'service entry must have at least one host'),
    ...hosts.flatMap((host) => wildcardDomainFaults(host)),
    ...when(names.size < ports.length, 'service entry port name already defined'),
    ...when(numbers.size < ports.length, 'service entry port already defined'),
    ...ports.flatMap(({ name, number, protocol }) => [
      ...when(!isDnsLabel(name), `ValidatePortName: ${name}`),
      ...when(!PROTOCOLS.includes(protocol.toLowerCase()), `ValidateProtocol: ${protocol}`),
      ...when(!isPort(number), `ValidatePort: ${number}`),
    ]),
    ...when(!['NONE', 'STATIC', 'DNS'].includes(resolution), `unsupported resolution type ${resolution}`),
    ...when(!['MESH_INTERNAL', 'MESH_EXTERNAL'].includes(location), `location ${location}`),
    ...when(resolution === 'NONE' && endpoints.length > 0, 'no endpoints should be provided for resolution type none'),
    // The rule asks for a host that is a name; a service of a registry is none that anybody could look up.
    ...when(isDns && endpoints.length === 0, 'DNS without endpoints: the host itself would be looked up'),
    ...when(resolution !== 'NONE' && hosts.length > 1 && isText, 'multiple hosts provided with non-HTTP, non-TLS ports'),
    ...endpoints.flatMap((endpoint) => workloadFaults(endpoint, names, isDns)),
  ];
}

/** validateWorkloadEntry, and what ValidateServiceEntry repeats of it for DNS. */
function workloadFaults({ address, ports, labels = {}, weight }: Endpoint, names: ReadonlySet<string>, isDns: boolean): string[] {
  const isAddress = isIP(address) !== 0 || (isDns && fqdnFaults(address).length === 0);
  return [
    ...when(address.startsWith('unix://'), `address: ${address}`),
    ...when(!isAddress, `endpoint address ${address} is not a valid ${isDns ? 'FQDN or an IP address' : 'IP address'}`),
    ...Object.entries(ports).flatMap(([name, port]) => [
      ...when(!names.has(name), `endpoint port ${name} is not defined by the service entry`),
      ...when(!isDnsLabel(name), `ValidatePortName: ${name}`),
      ...when(!isPort(port), `ValidatePort: ${port}`),
    ]),
    ...Object.entries(labels).flatMap(([key, value]) => [
      ...labelKeyFaults(key),
      // Instance.Validate checks the pattern; the length is Kubernetes' rule for what istiod copies into its own objects.
      ...when(value !== '' && (!QUALIFIED.test(value) || value.length > 63), `invalid tag value: ${value}`),
    ]),
    // uint32; 0 means 1.
    ...when(!Number.isInteger(weight) || weight < 1 || weight > 2 ** 32 - 1, `weight: ${weight}`),
  ];
}

/** The rules that newer definitions of the resource carry (kubebuilder markers of service_entry.proto and workload_entry.proto). */
function limitFaults({ spec }: Resource): string[] {
  const { hosts, ports, endpoints = [] } = spec;
  return [
    ...when(hosts.length > 256, 'MaxItems of hosts'),
    ...when(ports.length > 256, 'MaxItems of ports'),
    ...when(endpoints.length > 4096, 'MaxItems of endpoints'),
    ...endpoints.flatMap(({ address, ports: own, labels = {} }) => [
      ...when(address.length > 256, 'MaxLength of address'),
      ...when(Object.keys(labels).length > 256, 'MaxProperties of labels'),
      ...when(
        Object.keys(own).some((name) => name.length >= 63),
        'port name must be valid',
      ),
    ]),
  ];
}

/** agent.ValidateWildcardDomain; a host `*` is refused before. */
function wildcardDomainFaults(host: string): string[] {
  if (host === '*') return ['invalid host *'];
  return fqdnFaults(host.startsWith('*.') ? host.slice(2) : host);
}

/** agent.ValidateFQDN: CheckDNS1123Preconditions and ValidateDNS1123Labels. */
function fqdnFaults(name: string): string[] {
  if (name === '' || name.length > 255) return [`domain name ${name}: too long or empty`];
  const labels = name.split('.');
  const last = labels.at(-1) ?? '';
  const checked = last === '' ? labels.slice(0, -1) : labels;
  return [
    ...when(/^[-+]?\d+$/.test(last), `domain name ${name}: the top level domain cannot be all-numeric`),
    ...when(checked.length === 0 || !checked.every(isDnsLabel), `domain name ${name}: a label is invalid`),
  ];
}

/** labels.validateTagKey. */
function labelKeyFaults(key: string): string[] {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  const isPrefixed = prefix === undefined || (prefix.length <= 253 && prefix.split('.').every((label) => DNS_LABEL.test(label)));
  return when(!isPrefixed || !QUALIFIED.test(name) || name.length > 63, `invalid tag key: ${key}`);
}

function isDnsLabel(text: string): boolean {
  return text.length <= 63 && DNS_LABEL.test(text);
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= 65_535;
}

function when(isFault: boolean, fault: string): string[] {
  return isFault ? [fault] : [];
}
