import { isIP } from 'node:net';
import { z } from 'zod';
import type { LogLevel } from '../observe/log.ts';
import { listener } from './listener-schema.ts';
import { address, count, duration, name, percentage, positiveDuration, positiveSize } from './schema-units.ts';

const limits = z
  .strictObject({
    maxFrameBytes: positiveSize.prefault('64MiB'),
    relayThresholdBytes: positiveSize.prefault('64KiB'),
    maxBufferedFrontBytes: positiveSize.prefault('8MiB'),
    downstreamQueueBytes: positiveSize.prefault('16MiB'),
    upstreamQueueBytes: positiveSize.prefault('16MiB'),
    maxConnectionsPerListener: count.default(10_000),
    maxPendingPerConnection: count.default(65_536),
    tlsHandshakeTimeout: positiveDuration.prefault('10s'),
    idleTimeout: duration.prefault('15m'),
    streamIdleTimeout: duration.prefault('5m'),
  })
  .prefault({});

const upstream = z
  .strictObject({
    connections: count.default(1),
    maxConnections: count.default(1024),
    connectTimeout: positiveDuration.prefault('3s'),
    heartbeatInterval: duration.prefault('60s'),
    backoff: z
      .strictObject({ initial: positiveDuration.prefault('100ms'), max: positiveDuration.prefault('5s') })
      .refine(({ initial, max }) => initial <= max, { path: ['initial'], error: 'must not be longer than max' })
      .prefault({}),
    balance: z.enum(['readEvent', 'request']).default('readEvent'),
  })
  .prefault({});

const guard = z
  .strictObject({ loss: percentage.prefault('50%'), hold: positiveDuration.prefault('1m'), least: count.default(3) })
  .optional();

/** What callers are told to connect to: no port, no URL. */
const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || /^\w[\w.-]*$/.test(text), 'must be a name or an address alone; port has a key of its own')
  .optional();
const port = z.int().min(1, 'must be at least 1').max(65_535, 'must be at most 65535').optional();

/** The shape of polywire.yaml. What each option means stands at `Bootstrap` and in docs/bootstrap.md. */
export const bootstrapSchema = z.strictObject({
  listeners: z.array(listener).min(1, 'must have at least one listener'),
  registries: z.array(z.looseObject({ type: name, guard, lastKnownGood: name.optional() })).default([]),
  publish: z.array(z.looseObject({ type: name, listener: name, host, port, grace: duration.prefault('3s') })).default([]),
  resources: z.array(name).default([]),
  plugins: z.array(name).default([]),
  admin: z.strictObject({ address: address.prefault('127.0.0.1:15000') }).optional(),
  accessLog: z.strictObject({ format: z.enum(['text', 'json']).default('text'), path: name.optional() }).optional(),
  log: z
    .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] satisfies LogLevel[]).default('info') })
    .prefault({}),
  limits,
  upstream,
  defaultTimeout: duration.prefault('60s'),
  drain: z.strictObject({ timeout: duration.prefault('30s'), quiet: duration.prefault('1s') }).prefault({}),
});

/** Names that may stand at a place of the file, for suggestions; none where the place takes no fixed names. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = bootstrapSchema;
  for (const part of path) {
    const outer = unwrap(schema);
    if (outer instanceof z.ZodObject) schema = outer.shape[String(part)];
    else if (outer instanceof z.ZodArray) schema = outer.element;
    else return [];
  }
  const found = unwrap(schema);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** Of a choice between a text and a mapping, the mapping. */
function unwrap(schema: unknown): unknown {
  const wrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  if (wrapped) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  if (!(schema instanceof z.ZodUnion)) return schema;
  return schema.options.map(unwrap).find((option) => option instanceof z.ZodObject) ?? schema;
}
