import type { JsonObject } from '../json.ts';
import { type ProtobufField, readMessage } from './protobuf.ts';

/** Dubbo's MetadataInfoV2 (metadata_service_v2.proto) in the shape of its MetadataInfo; undefined: it is none, or says nothing. */
export function readMetadataV2(message: Buffer): JsonObject | undefined {
  const fields = readMessage(message) ?? [];
  const revision = textOf(fields, 2);
  if (revision === '') return undefined;
  const entries = entriesOf(fields, 3).map(([key, service]) => [key, serviceOf(readMessage(service) ?? [])] as const);
  return { app: textOf(fields, 1), revision, services: Object.fromEntries(entries) };
}

function serviceOf(fields: readonly ProtobufField[]): JsonObject {
  const port = fields.find(({ number }) => number === 5)?.value;
  return {
    name: textOf(fields, 1),
    group: textOf(fields, 2),
    version: textOf(fields, 3),
    protocol: textOf(fields, 4),
    port: typeof port === 'number' ? port : 0,
    path: textOf(fields, 6),
    params: Object.fromEntries(entriesOf(fields, 7).map(([key, value]) => [key, value.toString()])),
  };
}

function textOf(fields: readonly ProtobufField[], wanted: number): string {
  const value = fields.findLast(({ number }) => number === wanted)?.value;
  return Buffer.isBuffer(value) ? value.toString() : '';
}

/** Of a map whose keys are texts and whose values have a length. */
function entriesOf(fields: readonly ProtobufField[], wanted: number): [key: string, value: Buffer][] {
  return fields.flatMap(({ number, value }) => {
    if (number !== wanted || !Buffer.isBuffer(value)) return [];
    const entry = readMessage(value) ?? [];
    const held = entry.find((field) => field.number === 2)?.value;
    return [[textOf(entry, 1), Buffer.isBuffer(held) ? held : Buffer.alloc(0)]];
  });
}
