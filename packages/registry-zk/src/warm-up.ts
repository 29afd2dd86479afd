import type { Endpoint, WarmUp } from '@polywire/core/spi';
import { SharedValues } from './shared-values.ts';

/** What an endpoint says of its start. */
export interface Start {
  readonly startedAt?: number;
  readonly warmUp?: WarmUp;
}

/** Dubbo's Constants.DEFAULT_WARMUP. */
const DUBBO_DURATION_MS = 600_000;

/** Most providers say the same. */
const sharedWarmUps = new SharedValues<WarmUp>();

/**
 * Dubbo's consumers let the weight grow evenly from when the provider registered, in whole numbers from 1 on
 * (AbstractLoadBalance.calculateWarmupWeight of 2.6 and 3.0 to 3.3).
 * @param timestamp in milliseconds since 1970; 0 when it does not say
 * @param warmup parameter of that name, in milliseconds
 */
export function dubboStart(timestamp: number, warmup: string | undefined): Start {
  // Another number than Java's long is none to Dubbo; infinity could not be written down.
  if (!(timestamp > 0) || !Number.isSafeInteger(timestamp)) return {};
  const durationMs = warmup !== undefined && /^-?\d{1,10}$/.test(warmup) ? Number(warmup) : DUBBO_DURATION_MS;
  if (durationMs <= 0) return { startedAt: timestamp };
  const create = (): WarmUp => ({ durationMs, leastWeight: 1, leastShare: 0, exponent: 1, whole: true });
  return { startedAt: timestamp, warmUp: sharedWarmUps.get(`dubbo ${durationMs}`, create) };
}

/** SOFARPC's consumers count another weight until the time is over, when all three are said (RegistryUtils.processWarmUpWeight). */
export function sofaStart(parameters: ReadonlyMap<string, string>): Start {
  const [startedAt, durationMs, leastWeight] = ['startTime', 'warmupTime', 'warmupWeight'].map((key) => wholeNumber(parameters.get(key)));
  if (!startedAt) return {};
  if (!durationMs || leastWeight === undefined) return { startedAt };
  const create = (): WarmUp => ({ durationMs, leastWeight, leastShare: 0 });
  return { startedAt, warmUp: sharedWarmUps.get(`sofa ${durationMs} ${leastWeight}`, create) };
}

/**
 * As if a provider said another `warmup`; one that does not warm up stays so.
 * @param warmup in milliseconds; undefined: it is left as it is
 */
export function withWarmup(endpoint: Endpoint, warmup: string | undefined): Endpoint {
  if (warmup === undefined || endpoint.warmUp === undefined) return endpoint;
  return { ...withoutWarmUp(endpoint), ...dubboStart(endpoint.startedAt ?? 0, warmup) };
}

/** For those who want new providers to take their whole share at once. */
export function withoutWarmUp(endpoint: Endpoint): Endpoint {
  const { warmUp, ...rest } = endpoint;
  return warmUp === undefined ? endpoint : rest;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
