import type { JsonObject } from '../json.ts';
import { type NodeUrl, NodeUrlError, parseUrl } from '../node-url.ts';

/** No answer holds more that are URLs of providers; shorter texts are of no use, and take as long to read. */
const MOST_URLS = 50_000;

/**
 * What Dubbo 2.7 answers: the URLs of its providers, in the shape of MetadataInfo; undefined: it is no list.
 * @throws Error when there are too many
 */
export function readExportedUrls(value: unknown): JsonObject | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length > MOST_URLS) throw new Error(`more than ${MOST_URLS} URLs`);
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
