import type { Position, Problem } from '../../errors/config-error.ts';
import type { ServiceEntry } from '../../registry/registry.ts';
import type { DestinationRule, VirtualService } from '../model.ts';
import { didYouMean } from '../suggest.ts';
import type { SourceDocument } from '../yaml-source.ts';
import { DESTINATION_RULE_FIELDS, readDestinationRule } from './destination-rule.ts';
import { RESOURCE_FIELDS, readMetadata } from './metadata.ts';
import { ObjectReader } from './object-reader.ts';
import type { ResourceOptions } from './options.ts';
import { readServiceEntry, SERVICE_ENTRY_FIELDS } from './service-entry.ts';
import { readVirtualService, VIRTUAL_SERVICE_FIELDS } from './virtual-service.ts';

/** One resource of a file, by its kind. */
export type Resource = {
  /** `namespace/name`. */
  readonly name: string;
  /** Of its name. */
  readonly position: Position;
} & (
  | { readonly kind: 'VirtualService'; readonly value: VirtualService }
  | { readonly kind: 'DestinationRule'; readonly value: DestinationRule }
  | { readonly kind: 'ServiceEntry'; readonly value: ServiceEntry }
);

const SPEC_FIELDS = {
  VirtualService: VIRTUAL_SERVICE_FIELDS,
  DestinationRule: DESTINATION_RULE_FIELDS,
  ServiceEntry: SERVICE_ENTRY_FIELDS,
};

const GROUP = 'networking.istio.io';
const API_VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`, `${GROUP}/v1alpha3`];

/** Istio's other kinds in its networking group: known, and without effect here. */
const OTHER_KINDS = ['Gateway', 'Sidecar', 'EnvoyFilter', 'WorkloadEntry', 'WorkloadGroup', 'ProxyConfig'];

/** Reads the resources of one document: one, or the items of a `kind: List` as `kubectl get -o yaml` prints it. */
export function readResources(document: SourceDocument, options: ResourceOptions, problems: Problem[]): Resource[] {
  const top = ObjectReader.at(document, [], problems);
  if (top === undefined) return [];
  const readers = top.has('items') && top.text('kind') === 'List' ? top.freeObjects('items') : [top];
  return readers.flatMap((reader) => readResource(reader, options) ?? []);
}

function readResource(resource: ObjectReader, options: ResourceOptions): Resource | undefined {
  const kind = resource.requiredText('kind');
  const apiVersion = resource.requiredText('apiVersion');
  if (kind === undefined || apiVersion === undefined) return undefined;
  if (kind !== 'VirtualService' && kind !== 'DestinationRule' && kind !== 'ServiceEntry') {
    reportSkipped(resource, kind, apiVersion);
    return undefined;
  }
  if (!API_VERSIONS.includes(apiVersion)) {
    resource.error(`apiVersion "${apiVersion}" of a ${kind} is not Istio's: write one of ${API_VERSIONS.join(', ')}`, 'apiVersion');
    return undefined;
  }
  resource.checkKeys(RESOURCE_FIELDS);
  const metadata = readMetadata(resource);
  const spec = resource.object('spec', SPEC_FIELDS[kind]);
  if (!resource.has('spec')) resource.error(`the ${kind} needs spec`);
  if (metadata === undefined || spec === undefined) return undefined;
  const common = { name: metadata.name, position: metadata.position };
  if (kind === 'VirtualService') {
    const value = readVirtualService(spec, metadata);
    return value && { ...common, kind, value };
  }
  if (kind === 'DestinationRule') {
    const value = readDestinationRule(spec, metadata, options);
    return value && { ...common, kind, value };
  }
  const value = readServiceEntry(resource, spec, metadata, options);
  return value && { ...common, kind, value };
}

function reportSkipped(resource: ObjectReader, kind: string, apiVersion: string): void {
  const group = apiVersion.split('/', 1)[0] ?? '';
  if (group === 'security.istio.io') {
    resource.error(`${kind} is not implemented: the services would be less protected than the file says`, 'kind');
  } else if (group === GROUP && !OTHER_KINDS.includes(kind)) {
    const kinds = [...Object.keys(SPEC_FIELDS), ...OTHER_KINDS];
    resource.error(`"${kind}" is not a kind of ${GROUP}.${didYouMean(kind, kinds)}`, 'kind');
  } else {
    resource.warn(`${kind} (${apiVersion}) is skipped: Polywire reads ${Object.keys(SPEC_FIELDS).join(', ')} of ${GROUP}`, 'kind');
  }
}
