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

/** Which services an application has in one revision: all its instances of that revision have the same. */
export interface MetadataSource {
  /**
   * @param instance one of those that have the revision
   * @returns undefined when this source does not have it
   * @throws when it could not be asked or understood
   */
  get(application: string, revision: string, instance: ApplicationInstance): Promise<readonly ExportedService[] | undefined>;
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

  async get(application: string, revision: string): Promise<readonly ExportedService[] | undefined> {
    // PathUtils.buildPath leaves out a name that it has already.
    const path = [...new Set([...this.#root.split('/'), application, revision])].join('/');
    let data: Buffer;
    try {
      data = await this.#reads.run(() => this.#client.getData(path, false));
    } catch (error) {
      if (hasCode(error, NO_NODE)) return undefined;
      throw error;
    }
    const services = parseMetadata(data);
    if (services === undefined) throw new Error(`${path} is not Dubbo's MetadataInfo in JSON`);
    return services;
  }
}

/** Reads Dubbo's MetadataInfo in JSON; undefined: it is none. */
export function parseMetadata(data: Buffer): readonly ExportedService[] | undefined {
  const services = jsonObject(data)?.['services'];
  return isJsonObject(services) ? Object.values(services).flatMap((service) => readService(service) ?? []) : undefined;
}

function readService(value: unknown): ExportedService | undefined {
  const service = jsonObject(value);
  const { name, protocol, path, group, version } = Object.fromEntries(textsOf(service));
  if (service === undefined || name === undefined || protocol === undefined) return undefined;
  const parameters = textsOf(jsonObject(service['params']));
  parameters.set('interface', name);
  if (group !== undefined) parameters.set('group', group);
  if (version !== undefined) parameters.set('version', version);
  return { name, protocol, port: portOf(service['port']), path: path ?? name, parameters };
}
