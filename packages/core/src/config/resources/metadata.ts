import type { Position } from '../../errors/config-error.ts';
import type { FieldTable, ObjectReader } from './object-reader.ts';

/** What all kinds of resources have in common. */
export interface Metadata {
  /** `namespace/name`. */
  readonly name: string;
  readonly annotations: ReadonlyMap<string, string>;
  /** Milliseconds since 1970; 0 when absent. */
  readonly createdAt: number;
  /** Of the name. */
  readonly position: Position;
}

/** Fields of every resource. `status` is what the cluster reports back; `kubectl get -o yaml` prints it. */
export const RESOURCE_FIELDS: FieldTable = { apiVersion: 'read', kind: 'read', metadata: 'read', spec: 'read', status: 'read' };

/** Kubernetes' ObjectMeta. What is not used here describes the object and never changes traffic. */
const METADATA_FIELDS: FieldTable = {
  name: 'read',
  namespace: 'read',
  labels: 'read',
  annotations: 'read',
  creationTimestamp: 'read',
  deletionGracePeriodSeconds: 'read',
  deletionTimestamp: 'read',
  finalizers: 'read',
  generateName: 'read',
  generation: 'read',
  managedFields: 'read',
  ownerReferences: 'read',
  resourceVersion: 'read',
  selfLink: 'read',
  uid: 'read',
};

/** undefined, and a problem, when the resource has no name. */
export function readMetadata(resource: ObjectReader): Metadata | undefined {
  const metadata = resource.object('metadata', METADATA_FIELDS);
  if (metadata === undefined) {
    if (!resource.has('metadata')) resource.error('the resource needs metadata.name');
    return undefined;
  }
  const name = metadata.requiredText('name');
  const namespace = metadata.text('namespace') ?? 'default';
  if (name === undefined) return undefined;
  return {
    name: `${namespace}/${name}`,
    annotations: metadata.textMap('annotations'),
    createdAt: readTimestamp(metadata),
    position: metadata.position('name'),
  };
}

function readTimestamp(metadata: ObjectReader): number {
  const text = metadata.text('creationTimestamp');
  if (text === undefined) return 0;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  metadata.error(`${metadata.name('creationTimestamp')} is not a time: write it like 2026-01-31T12:00:00Z`, 'creationTimestamp');
  return 0;
}
