import type { DestinationRule, Subset } from '../model.ts';
import { hostFault } from './hosts.ts';
import type { Metadata } from './metadata.ts';
import { type FieldTable, type ObjectReader, refused } from './object-reader.ts';
import type { ResourceOptions } from './options.ts';
import { readTrafficPolicy } from './traffic-policy.ts';
import { checkExportTo } from './virtual-service.ts';

/** Istio's DestinationRule. */
export const DESTINATION_RULE_FIELDS: FieldTable = {
  host: 'read',
  trafficPolicy: 'read',
  subsets: 'read',
  exportTo: 'read',
  workloadSelector: refused('the rule would also hold for other callers'),
};

/** Istio's Subset. */
const SUBSET_FIELDS: FieldTable = { name: 'read', labels: 'read', trafficPolicy: 'read' };

/** Reads a DestinationRule's `spec`; undefined, and a problem, when it names no host. */
export function readDestinationRule(spec: ObjectReader, metadata: Metadata, options: ResourceOptions): DestinationRule | undefined {
  checkExportTo(spec);
  const policy = readTrafficPolicy(spec, options);
  const subsets = readSubsets(spec, options);
  const host = spec.requiredText('host');
  if (host === undefined) return undefined;
  const fault = hostFault(host);
  if (fault !== undefined) spec.error(`${spec.name('host')}: ${fault}`, 'host');
  return {
    name: metadata.name,
    host: { text: host, position: spec.position('host') },
    ...policy,
    subsets,
    position: spec.position(),
  };
}

function readSubsets(spec: ObjectReader, options: ResourceOptions): Subset[] {
  const subsets: Subset[] = [];
  for (const reader of spec.objects('subsets', SUBSET_FIELDS)) {
    const name = reader.requiredText('name');
    const labels = reader.textMap('labels');
    const policy = readTrafficPolicy(reader, options);
    if (name === undefined) continue;
    if (subsets.some((subset) => subset.name === name)) reader.error(`${reader.name()}: there is a subset "${name}" already`, 'name');
    subsets.push({ name, labels, ...policy, position: reader.position() });
  }
  return subsets;
}
