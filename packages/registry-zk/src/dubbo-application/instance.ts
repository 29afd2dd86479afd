import { type DiscoveryInstance, portOf, readInstance } from '../discovery-instance.ts';
import type { OtherChild } from '../follow/child-reader.ts';
import { isJsonObject, jsonObject, parsed, textsOf } from '../json.ts';
import { PUBLISHED } from '../published.ts';

/** Dubbo's RevisionResolver.EMPTY_REVISION: the application has no services. */
const EMPTY_REVISION = '0';

/** An instance of a Dubbo application. Immutable: as long as its node says the same, it is the same object. */
export interface ApplicationInstance {
  readonly kind: 'instance';
  readonly address: string;
  /** Ports by protocol. */
  readonly endpoints: ReadonlyMap<string, number>;
  /** undefined: it has no services. */
  readonly revision: string | undefined;
  /** What it says of itself beside that: `dubbo.tag`, `region`, `timestamp`, .... */
  readonly parameters: ReadonlyMap<string, string>;
  /** How to reach its MetadataService: `dubbo.metadata-service.url-params`; empty when it does not say. */
  readonly metadataService: ReadonlyMap<string, string>;
  /** Of Dubbo 2.7, which has neither revisions nor metadata of an application: it tells the URLs of what it exports. */
  readonly tellsUrls: boolean;
  /** Its metadata are in a metadata report, wherever that is: it exports no MetadataService. */
  readonly isMetadataRemote: boolean;
  /** Newest of Dubbo's MetadataService that it has: `2.0.0` since 3.3, where it speaks Triple; empty when it does not say. */
  readonly metadataVersion: string;
  /** Absolute path of its node. */
  readonly path: string;
}

/** Reads a child of `/services/<application>`. */
export function readApplicationInstance(data: Buffer, path: string): ApplicationInstance | OtherChild {
  const instance = readInstance(data);
  if (instance === undefined) return { kind: 'ignored', reason: 'no instance in JSON with an address' };
  if (!instance.isEnabled) return { kind: 'ignored', reason: 'enabled=false' };
  const metadata = textsOf(instance.metadata);
  const metadataService = metadataServiceOf(metadata.get('dubbo.metadata-service.url-params'));
  const tellsUrls = !metadata.has('dubbo.metadata.revision') && metadataService.has('port');
  // Nothing else changes when it does.
  const revision = tellsUrls ? `${path} since ${instance.registeredAt}` : metadata.get('dubbo.metadata.revision');
  const publisher = metadata.get(PUBLISHED);
  if (publisher !== undefined) return { kind: 'ignored', reason: `published by Polywire ${publisher}` };
  // Spring Cloud's instances are registered in the same place.
  if (revision === undefined) return { kind: 'ignored', reason: 'no dubbo.metadata.revision' };
  return {
    kind: 'instance',
    address: instance.address,
    endpoints: endpointsOf(instance),
    revision: revision === EMPTY_REVISION ? undefined : revision,
    parameters: new Map([...metadata].filter(([key]) => !/^(?:dubbo\.endpoints|dubbo\.metadata.*|meta-v)$/.test(key))),
    metadataService,
    tellsUrls,
    isMetadataRemote: metadata.get('dubbo.metadata.storage-type') === 'remote',
    metadataVersion: metadata.get('meta-v') ?? '',
    path,
  };
}

/** The text of a JSON object, in which Dubbo 2.7 has one for each protocol. */
function metadataServiceOf(text: string | undefined): Map<string, string> {
  const written = jsonObject(text);
  for (const [protocol, each] of Object.entries(written ?? {})) {
    if (isJsonObject(each)) return textsOf(each).set('protocol', protocol);
  }
  return textsOf(written);
}

/** `dubbo.endpoints` is the text of a JSON list. The protocol of a single port is not said. */
function endpointsOf({ metadata, port }: DiscoveryInstance): Map<string, number> {
  const list: unknown = parsed(String(metadata['dubbo.endpoints'] ?? ''));
  const endpoints = new Map<string, number>();
  for (const each of Array.isArray(list) ? list : []) {
    const endpoint = jsonObject(each);
    const protocol = endpoint?.['protocol'];
    if (typeof protocol === 'string' && portOf(endpoint?.['port']) > 0) endpoints.set(protocol, portOf(endpoint?.['port']));
  }
  if (endpoints.size === 0 && port > 0) endpoints.set('', port);
  return endpoints;
}
