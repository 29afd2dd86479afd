/** Kubernetes' and Istio's syntax of a label key, and of a value. */
const LABEL_KEY =
  /^(?:(?=.{1,253}\/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/)?(?=.{1,63}$)[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?=.{0,63}$)(?:[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?)?$/;

/** What a node says of its endpoint: each parameter is in exactly one of the two. */
export interface Parameters {
  /** Sorted by key. */
  readonly labels: ReadonlyMap<string, string>;
  /** Sorted by key. What is no legal label, and what is not stable. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Divides what a node says of its endpoint.
 * @param isStable whether a subset may well select on it; one that is no legal label is metadata all the same
 */
export function divideParameters(parameters: Iterable<readonly [string, string]>, isStable: (key: string) => boolean): Parameters {
  const labels = new Map<string, string>();
  const metadata = new Map<string, string>();
  for (const [key, value] of sortedByKey(parameters)) {
    (isStable(key) && isLabel(key, value) ? labels : metadata).set(key, value);
  }
  return { labels, metadata };
}

/** Whether it is legal as a label. */
export function isLabel(key: string, value: string): boolean {
  return LABEL_KEY.test(key) && LABEL_VALUE.test(value);
}

export function sortedByKey(parameters: Iterable<readonly [string, string]>): Map<string, string> {
  return new Map([...parameters].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
