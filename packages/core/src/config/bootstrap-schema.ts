import { z } from 'zod';
import { messageOf } from '../errors/message-of.ts';
import type { LogLevel } from '../observe/log.ts';
import { parseDuration, parseSize, parseSocketAddress } from './units.ts';

/** A text that one of the unit parsers reads; what it throws becomes the issue. `what` says what a value that is no text should be. */
function parsedBy<T>(parse: (text: string) => T, what: string) {
  const error = ({ input }: { readonly input?: unknown }) => (input === undefined ? undefined : `must be ${what}`);
  return z.string({ error }).transform((text, context): T => {
    try {
      return parse(text);
    } catch (cause) {
      context.addIssue({ code: 'custom', message: messageOf(cause) });
      return z.NEVER;
    }
  });
}

const address = parsedBy(parseSocketAddress, 'host:port, like 127.0.0.1:20880');
const size = z.union([z.int().min(0), parsedBy(parseSize, 'a size')], {
  error: 'must be a number of bytes, or a text like 64KiB, 8MiB or 1GiB',
});
const positiveSize = size.refine((bytes) => bytes > 0, 'must be more than 0');
const duration = parsedBy(parseDuration, 'a duration with its unit, like 3s or 500ms');
const positiveDuration = duration.refine((milliseconds) => milliseconds > 0, 'must be more than 0s');
const count = z.int().min(1);
const name = z.string().min(1, 'must not be empty');

const listener = z.strictObject({
  name,
  address,
  protocols: z.array(name).length(1, 'must name exactly one protocol: a listener of its own for each'),
  upstream: address.optional(),
  filters: z.array(z.strictObject({ name, config: z.unknown().optional() })).default([]),
  deadline: z.enum(['wire', 'route']).default('wire'),
});

const limits = z
  .strictObject({
    maxFrameBytes: positiveSize.prefault('64MiB'),
    relayThresholdBytes: positiveSize.prefault('64KiB'),
    maxBufferedFrontBytes: positiveSize.prefault('8MiB'),
    downstreamQueueBytes: positiveSize.prefault('16MiB'),
    upstreamQueueBytes: positiveSize.prefault('16MiB'),
    maxConnectionsPerListener: count.default(10_000),
    maxPendingPerConnection: count.default(65_536),
    idleTimeout: duration.prefault('15m'),
  })
  .prefault({});

const upstream = z
  .strictObject({
    connections: count.default(1),
    connectTimeout: positiveDuration.prefault('3s'),
    heartbeatInterval: duration.prefault('60s'),
    backoff: z
      .strictObject({ initial: positiveDuration.prefault('100ms'), max: positiveDuration.prefault('5s') })
      .refine(({ initial, max }) => initial <= max, { path: ['initial'], error: 'must not be longer than max' })
      .prefault({}),
    balance: z.enum(['readEvent', 'request']).default('readEvent'),
  })
  .prefault({});

/** The shape of polywire.yaml. What each option means stands at `Bootstrap` and in docs/bootstrap.md. */
export const bootstrapSchema = z.strictObject({
  listeners: z.array(listener).min(1, 'must have at least one listener'),
  registries: z.array(z.looseObject({ type: name })).default([]),
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

function unwrap(schema: unknown): unknown {
  const wrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return wrapped ? unwrap(schema.unwrap()) : schema;
}
