import type { HeaderField, Outcome } from '@polywire/core/spi';

/** Of gRPC's statuses, those that do not just answer the caller: gRPC's statuscodes.md. Those above 16 mean UNKNOWN. */
const GRPC_OUTCOMES: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ['0', 'ok'],
  ['1', 'business-error'],
  ['3', 'business-error'],
  ['4', 'timeout'],
  ['5', 'business-error'],
  ['6', 'business-error'],
  ['7', 'denied'],
  ['8', 'overload'],
  ['9', 'business-error'],
  ['10', 'business-error'],
  ['11', 'business-error'],
  ['12', 'not-found'],
  ['16', 'denied'],
]);

/** How an answer with this status of HTTP went. RFC 9110, section 15: statuses nobody knows count as the first of their class, above 599 as 500. */
export function httpOutcome(status: number): Outcome {
  if (status < 400) return 'ok';
  switch (status) {
    case 401:
    case 403:
    case 407:
      return 'denied';
    case 404:
      return 'not-found';
    case 429:
    case 503:
      return 'overload';
    case 504:
      return 'timeout';
    default:
      return status < 500 ? 'business-error' : 'failure';
  }
}

/** How an answer with this grpc-status went. UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS, and what nobody knows, are failures. */
export function grpcOutcome(status: string): Outcome {
  return GRPC_OUTCOMES.get(status) ?? 'failure';
}

/** How an answer with these trailers went; undefined: they have no grpc-status. */
export function trailersOutcome(trailers: readonly HeaderField[]): Outcome | undefined {
  for (const { name, value } of trailers) if (name === 'grpc-status') return grpcOutcome(value);
  return undefined;
}
