import { ConfigError, type Frame, type LookupResult, type Routing, type ScanRequest } from '@polywire/core/spi';
import { calling, check, NotApplicable } from './case.ts';
import { calls } from './samples.ts';
import type { Subject } from './subject.ts';

/** A name that no sample has. */
export const UNKNOWN_HEADER = 'polywire-conformance-absent';

export function routingOf(subject: Subject): Routing<Frame> {
  const { routing } = subject.protocol;
  if (routing === undefined) throw new NotApplicable('the protocol has no routing facet');
  return routing;
}

/** What one walk found. */
export interface Scanned {
  readonly values: readonly LookupResult[];
  readonly timeoutMs: number;
  readonly bindsConnection: boolean;
}

/** Compiles a scan; the result runs it and copies what it found. */
export function scanner(subject: Subject, wanted: ScanRequest): (frame: Frame) => Scanned {
  const scan = routingOf(subject).scan(wanted);
  return (frame) => {
    calling('routing.scan().run()', () => scan.run(frame));
    const { values, timeoutMs, bindsConnection } = scan;
    check(values.length >= wanted.names.length, `a scan for ${wanted.names.length} names has ${values.length} values`);
    check(!wanted.timeout || (Number.isFinite(timeoutMs) && timeoutMs >= 0), `a scan's timeoutMs is ${timeoutMs}`);
    check(typeof bindsConnection === 'boolean', `a scan's bindsConnection is ${String(bindsConnection)}`);
    for (const value of values) {
      check(
        value === undefined || typeof value === 'string' || typeof value === 'symbol',
        `a scan found ${String(value)}, not a LookupResult`,
      );
    }
    return { values: values.slice(0, wanted.names.length), timeoutMs, bindsConnection };
  };
}

/** Names alone. */
export function names(list: readonly string[]): ScanRequest {
  return { names: list, timeout: false, affinity: false };
}

/** Whether the protocol can have such a header at all. */
export function canHave(subject: Subject, name: string): boolean {
  try {
    routingOf(subject).scan(names([name]));
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** Names that occur in the samples, as declared and as the codec lists them, and one that does not occur. At most `limit`. */
export function knownNames(subject: Subject, limit = 12): string[] {
  const routing = routingOf(subject);
  const found = new Set<string>();
  for (const { name, bytes, headers } of calls(subject.options.samples)) {
    for (const header of Object.keys(headers ?? {})) found.add(header);
    for (const [header] of routing.headers(subject.frame('downstream', bytes, name))) found.add(header);
  }
  const listed = [...found].filter((name) => canHave(subject, name)).slice(0, limit - 1);
  return canHave(subject, UNKNOWN_HEADER) ? [...listed, UNKNOWN_HEADER] : listed;
}
