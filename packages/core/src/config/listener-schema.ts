import { z } from 'zod';
import { address, count, name, positiveDuration } from './schema-units.ts';

/** One address in one text, or a service that mesh resources route. */
const target = z.union(
  [
    address.transform((written) => ({ kind: 'address' as const, ...written })),
    z
      .strictObject({ host: name, port: z.int().min(1).max(65_535, 'must be at most 65535') })
      .transform((written) => ({ kind: 'service' as const, ...written })),
  ],
  { error: 'must be an address like 127.0.0.1:3306, or a service like {host: mysql.prod.svc, port: 3306}' },
);

const setting = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' });

const protocol = z.union([name, z.strictObject({ name, settings: z.record(z.string(), setting).optional() })], {
  error: 'must be the name of a protocol, or {name: ..., settings: {...}}',
});

const detection = z.strictObject({
  timeout: positiveDuration.prefault('3s'),
  maxBytes: count.max(65_536, 'must be at most 65536').default(512),
  fallback: z
    .union([z.literal('refuse'), z.strictObject({ opaque: target })], { error: 'must be refuse, or {opaque: 127.0.0.1:3306}' })
    .default('refuse'),
});

const tls = z.strictObject({
  cert: name,
  key: name,
  clientCa: name.optional(),
  // Without quotes YAML reads a number.
  minVersion: z
    .union([z.enum(['1.2', '1.3']), z.literal([1.2, 1.3])], { error: 'must be 1.2 or 1.3' })
    .transform((version) => (String(version) === '1.3' ? ('1.3' as const) : ('1.2' as const)))
    .prefault('1.2'),
});

/** One entry of the bootstrap's `listeners`. */
export const listener = z.strictObject({
  name,
  address,
  tls: tls.optional(),
  protocols: z.array(protocol).min(1, 'must name at least one protocol'),
  detection: detection.optional(),
  upstream: target.optional(),
  filters: z.array(z.strictObject({ name, config: z.unknown().optional() })).default([]),
  deadline: z.enum(['wire', 'route']).default('wire'),
});

/** What a file says of a listener, read and typed. */
export type ParsedListener = z.output<typeof listener>;

/** What `detection: {}` means. */
export const DETECTION_DEFAULTS = detection.parse({});
