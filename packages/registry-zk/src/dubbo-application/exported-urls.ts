import type { JsonObject } from '../json.ts';
import { type NodeUrl, NodeUrlError, parseUrl } from '../node-url.ts';

/** What Dubbo 2.7 answers: the URLs of its providers, in the shape of MetadataInfo; undefined: it is no list. */
export function readExportedUrls(value: unknown): JsonObject | undefined {
  if (!Array.isArray(value)) return undefined;
  const services = value.flatMap((text: unknown) => {
    const url = typeof text === 'string' ? read(text) : undefined;
    return url === undefined ? [] : [[text, serviceOf(url)] as const];
  });
  return { services: Object.fromEntries(services) };
}

function serviceOf({ protocol, port, path, parameters }: NodeUrl): JsonObject {
  const [name, group, version] = ['interface', 'group', 'version'].map((key) => parameters.get(key));
  return { name: name ?? path, group, version, protocol, port, path, params: Object.fromEntries(parameters) };
}

function read(text: string): NodeUrl | undefined {
  try {
    return parseUrl(text);
  } catch (error) {
    if (error instanceof NodeUrlError) return undefined;
    throw error;
  }
}
