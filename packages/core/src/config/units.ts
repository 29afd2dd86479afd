import { ConfigError } from '../errors/config-error.ts';

const MILLISECONDS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Timers of Node count in 31 bits; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** A host and a port to bind or to connect to. */
export interface SocketAddress {
  /** IP address without brackets, or a host name. */
  readonly host: string;
  /** 0, for a listener: any free port. */
  readonly port: number;
}

/**
 * Istio's durations: `1h`, `2m`, `3s`, `4ms`, `1.5s`, and sums like `1m30s`.
 * @returns whole milliseconds; 0 only for a written zero
 * @throws ConfigError on anything else, on less than 1 ms and on more than 24 days
 */
export function parseDuration(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[hms]))+$/.test(text)) {
    throw new ConfigError(`"${text}" is not a duration: write 1h, 2m, 3s, 4ms, 1.5s, or a sum like 1m30s`);
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)) {
    total += Number(amount) * (MILLISECONDS[unit ?? ''] ?? Number.NaN);
  }
  if (total > 0 && total < 1) throw new ConfigError(`"${text}" is less than 1ms`);
  if (total > LONGEST_MS) throw new ConfigError(`"${text}" is longer than 24 days`);
  return Math.round(total);
}

/**
 * `50%`, `33.3%`.
 * @returns a share between 0 and 1
 * @throws ConfigError on anything else
 */
export function parsePercentage(text: string): number {
  const [, digits] = /^(\d{1,3}(?:\.\d+)?) ?%$/.exec(text) ?? [];
  const percentage = Number(digits);
  if (!(percentage <= 100)) throw new ConfigError(`"${text}" is not a percentage: write 0% to 100%, like 50%`);
  return percentage / 100;
}

/**
 * `65536`, `64KiB`, `1.5MiB`, `1GiB`.
 * @returns bytes
 * @throws ConfigError on anything else, and on a fraction of a byte
 */
export function parseSize(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB)?$/.exec(text) ?? [];
  const bytes = amount === undefined ? Number.NaN : Number(amount) * (BYTES[unit ?? 'B'] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw new ConfigError(`"${text}" is not a size: write a number of bytes, or one with a unit like 64KiB, 8MiB or 1GiB`);
  }
  return bytes;
}

/**
 * `127.0.0.1:20880`, `[::1]:20880`, `users.example:20880`.
 * @throws ConfigError when host or port is missing or no host or port could look like that
 */
export function parseSocketAddress(text: string): SocketAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new ConfigError(`"${text}" is not an address: write host:port like 127.0.0.1:20880, 0.0.0.0:20880 or [::1]:20880`);
  }
  return { host, port };
}
