import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { Endpoint } from '../cluster/endpoint.ts';
import { isSecretName, maskSecrets } from '../errors/secrets.ts';
import type { ServiceEntry } from './registry.ts';

/** What the first line of a file of last known services says. */
export interface KnownGoodHeader {
  /** Of the registry, as its adapter names itself. */
  readonly registry: string;
  /** When the services were known to be so, in milliseconds since 1970. */
  readonly time: number;
  /** Lines that follow. */
  readonly services: number;
}

const FORMAT = 'polywire last known services';
const VERSION = 1;
/** What every file of last known services begins with, of whatever version. */
export const HEADER_BEGINNING = `{"format":${JSON.stringify(FORMAT)},`;

const text = z.string();
const pairs = z.array(z.tuple([text, text]));
const learnt = z.strictObject({ session: text, at: z.number() });
const overrides = z.array(z.strictObject({ origin: text, effect: text }));
const match = z.union([
  z.strictObject({ kind: z.literal('present') }),
  z.strictObject({ kind: z.enum(['exact', 'prefix', 'regex']), value: text }),
]);
const requestCondition = z.strictObject({
  of: z.union([z.strictObject({ kind: z.enum(['method', 'source']) }), z.strictObject({ kind: z.literal('header'), name: text })]),
  match,
  negated: z.boolean(),
});
const endpointCondition = z.strictObject({
  of: z.union([z.strictObject({ kind: z.enum(['ip', 'address']) }), z.strictObject({ kind: z.literal('parameter'), name: text })]),
  match: z.union([match, z.strictObject({ kind: z.literal('source') })]),
  negated: z.boolean(),
});
const endpointRule = z.strictObject({
  origin: text,
  text,
  fault: text.exactOptional(),
  match: z.array(requestCondition),
  choices: z.array(z.array(endpointCondition)),
  weights: z.array(z.int().min(1)).exactOptional(),
  otherwise: z.enum(['refuse', 'pass']),
});
const warmUp = z.strictObject({
  durationMs: z.number().positive(),
  leastWeight: z.number().min(0),
  leastShare: z.number().min(0).max(1),
  exponent: z.number().positive().exactOptional(),
  whole: z.boolean().exactOptional(),
});
const endpoint = z.strictObject({
  address: text.min(1),
  port: z.int().min(0).max(65_535),
  weight: z.number().min(0),
  startedAt: z.number().exactOptional(),
  warmUp: warmUp.exactOptional(),
  labels: pairs,
  metadata: pairs,
  origin: text,
  learnt: learnt.exactOptional(),
  overrides: overrides.exactOptional(),
});
const entry = z.strictObject({
  host: text.min(1),
  aliases: z.array(text),
  identity: z.strictObject({ name: text, group: text.optional(), version: text.optional() }).optional(),
  protocol: text.optional(),
  resolution: z.enum(['STATIC', 'DNS', 'NONE']),
  location: z.enum(['MESH_INTERNAL', 'MESH_EXTERNAL']),
  ports: z.array(z.strictObject({ name: text, number: z.int().min(0).max(65_535), protocol: text })),
  port: z.int().exactOptional(),
  endpoints: z.array(endpoint),
  annotations: pairs,
  endpointRules: z.array(endpointRule).exactOptional(),
  origin: text,
});
const header = z.object({ format: z.literal(FORMAT), version: z.int(), registry: text, time: z.iso.datetime(), services: z.int().min(0) });

/** The first line. */
export function formatHeader({ registry, time, services }: KnownGoodHeader): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, registry, time: new Date(time).toISOString(), services })}\n`;
}

/** @throws Error that says why the file is not to be used, to be read after its name */
export function parseHeader(line: string): KnownGoodHeader {
  const parsed = header.safeParse(parseJson(line));
  if (!parsed.success) throw new Error('it is no file of last known services');
  const { version, registry, time, services } = parsed.data;
  if (version > VERSION) throw new Error(`its version is ${version}, and this Polywire knows ${VERSION}`);
  return { registry, time: Date.parse(time), services };
}

/** One line for a service, without what is secret. */
export function formatEntry(written: ServiceEntry): string {
  const { annotations, endpoints, endpointRules, ...rest } = written;
  const plain = {
    ...rest,
    ...(endpointRules && { endpointRules: endpointRules.map(withoutSecrets) }),
    annotations: pairsOf(annotations),
    endpoints: endpoints.map(({ labels, metadata, origin, overrides, ...more }) => ({
      ...more,
      ...(overrides && { overrides: overrides.map(withoutSecrets) }),
      labels: pairsOf(labels),
      metadata: pairsOf(metadata),
      origin: maskSecrets(origin),
    })),
  };
  const json = JSON.stringify(plain);
  return `{"crc32":"${checksum(json)}","entry":${json}}\n`;
}

/** @throws Error that says what is wrong with the line */
export function parseEntry(line: string): ServiceEntry {
  const [, sum, json = ''] = /^\{"crc32":"([0-9a-f]{8})","entry":(.*)\}$/s.exec(line) ?? [];
  if (sum === undefined) throw new Error('it is not a whole line');
  if (sum !== checksum(json)) throw new Error('its checksum is wrong');
  const parsed = entry.safeParse(parseJson(json));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is no service'}`);
  }
  const { identity, protocol, annotations, endpoints, ...rest } = parsed.data;
  return {
    ...rest,
    identity: identity && { name: identity.name, group: identity.group, version: identity.version },
    protocol,
    annotations: new Map(annotations),
    endpoints: endpoints.map(
      ({ labels, metadata, ...more }): Endpoint => ({ ...more, labels: new Map(labels), metadata: new Map(metadata) }),
    ),
  };
}

/** What a registry keeps may be in a node whose name is a whole URL. */
function withoutSecrets<T extends { readonly origin: string }>(kept: T): T {
  return { ...kept, origin: maskSecrets(kept.origin) };
}

function pairsOf(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].filter(([name]) => !isSecretName(name));
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
