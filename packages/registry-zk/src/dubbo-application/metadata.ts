import type { ZkClient } from '../client/client.ts';
import { hasCode, NO_NODE } from '../client/errors.ts';
import { portOf } from '../discovery-instance.ts';
import type { ReadLimit } from '../follow/read-limit.ts';
import { isJsonObject, jsonObject, textsOf } from '../json.ts';
import type { ApplicationInstance } from './instance.ts';

/** One service of an application, as its metadata have it (Dubbo's MetadataInfo.ServiceInfo). */
export interface ExportedService {
  readonly name: string;
  readonly protocol: string;
  /** 0: the instance's endpoint of that protocol. */
  readonly port: number;
  readonly path: string;
  /** `group`, `version` and everything else that a provider URL would say. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What became of a question. */
export type MetadataAnswer =
  | { readonly kind: 'known'; readonly services: readonly ExportedService[] }
  /** Who was asked does not have it, and will not. */
  | { readonly kind: 'absent'; readonly reason: string }
  /** Who was asked could not say; it, or another one, may later. */
  | { readonly kind: 'silent'; readonly reason: string };

/** Which services an application has in one revision: all its instances of that revision have the same. */
export interface MetadataSource {
  /**
   * @param instance one of those that have the revision
   * @throws when ZooKeeper could not be asked, or not understood
   */
  get(application: string, revision: string, instance: ApplicationInstance): Promise<MetadataAnswer>;
}

const NOT_THERE: MetadataAnswer = { kind: 'absent', reason: 'they are not in ZooKeeper' };

/**
 * Above the revisions of an application. Dubbo makes the path of the names `metadata` and the application's, each once
 * (BaseApplicationMetadataIdentifier.getFilePathKey, PathUtils.buildPath), and puts what is above before it.
 * @param root ends in `metadata`
 */
export function metadataFolder(root: string, application: string): string {
  return application === 'metadata' ? root : `${root}/${application}`;
}

/** `/<root>/<application>/<revision>`, which is there with `metadata-type=remote` or `report-metadata=true`. */
export class ZooKeeperMetadata implements MetadataSource {
  readonly #client: ZkClient;
  readonly #reads: ReadLimit;
  readonly #root: string;

  /** @param root absolute path, e.g. `/dubbo/metadata` */
  constructor(client: ZkClient, reads: ReadLimit, root: string) {
    this.#client = client;
    this.#reads = reads;
    this.#root = root;
  }

  async get(application: string, revision: string, { tellsUrls }: ApplicationInstance): Promise<MetadataAnswer> {
    if (tellsUrls) return NOT_THERE;
    const path = `${metadataFolder(this.#root, application)}/${revision}`;
    let data: Buffer;
    try {
      data = await this.#reads.run(() => this.#client.getData(path, false));
    } catch (error) {
      if (hasCode(error, NO_NODE)) return NOT_THERE;
      throw error;
    }
    const services = servicesOf(jsonObject(data));
    if (services === undefined) throw new Error(`${path} is not Dubbo's MetadataInfo in JSON`);
    return { kind: 'known', services };
  }
}

/** Asks one source, and where that does not have it, the next. */
export class MetadataSources implements MetadataSource {
  readonly #sources: readonly MetadataSource[];

  constructor(sources: readonly MetadataSource[]) {
    this.#sources = sources;
  }

  async get(application: string, revision: string, instance: ApplicationInstance): Promise<MetadataAnswer> {
    const reasons: string[] = [];
    for (const source of this.#sources) {
      const answer = await source.get(application, revision, instance);
      if (answer.kind === 'known') return answer;
      reasons.push(answer.reason);
      if (answer.kind === 'silent') return { kind: 'silent', reason: reasons.join(', and ') };
    }
    return { kind: 'absent', reason: reasons.join(', and ') };
  }
}

/** Reads Dubbo's MetadataInfo in JSON, or what says the same; undefined: it is none. */
export function servicesOf(metadata: unknown): readonly ExportedService[] | undefined {
  const services = isJsonObject(metadata) ? metadata['services'] : undefined;
  return isJsonObject(services) ? Object.values(services).flatMap((service) => readService(service) ?? []) : undefined;
}

function readService(value: unknown): ExportedService | undefined {
  const service = jsonObject(value);
  const { name, protocol, path, group, version } = Object.fromEntries(textsOf(service));
  if (service === undefined || !name || !protocol) return undefined;
  const parameters = textsOf(jsonObject(service['params']));
  parameters.set('interface', name);
  if (group) parameters.set('group', group);
  if (version) parameters.set('version', version);
  return { name, protocol, port: portOf(service['port']), path: path || name, parameters };
}
