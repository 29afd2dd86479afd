/**
 * Which services a host, an entry or a request may mean. A part is its exact text, '' when the part must be absent, undefined when any
 * value will do.
 */
export interface ServicePattern {
  readonly name: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
}

const SERVICE_KEY = /^(?:([^\s/:*]+)\/)?([^\s/:]+)(?::([^\s/*]+))?$/;

/**
 * Reads Dubbo's service key, `group/com.acme.UserService:1.0.0` with group and version optional; parts that are not written match any.
 * The name may be a host, also one with a wildcard.
 * @returns undefined when the text cannot be a key
 */
export function parseServiceKey(text: string): ServicePattern | undefined {
  const [, group, name, version] = SERVICE_KEY.exec(text) ?? [];
  return name === undefined ? undefined : { name, group, version };
}

/** The inverse of parseServiceKey; absent parts and parts that match any are not written. */
export function formatServiceKey(pattern: ServicePattern): string {
  const group = pattern.group === undefined || pattern.group === '' ? '' : `${pattern.group}/`;
  const version = pattern.version === undefined || pattern.version === '' ? '' : `:${pattern.version}`;
  return `${group}${pattern.name}${version}`;
}

/** One string for equal patterns: absent and any differ. */
export function patternId(pattern: ServicePattern): string {
  const group = pattern.group === undefined ? '' : `=${pattern.group}`;
  const version = pattern.version === undefined ? '' : `=${pattern.version}`;
  return `${pattern.name}\n${group}\n${version}`;
}

/** How many parts beside the name are fixed: the larger number wins. */
export function specificity(pattern: ServicePattern): number {
  return (pattern.group === undefined ? 0 : 1) + (pattern.version === undefined ? 0 : 1);
}

/** Whether everything that `inner` may mean is also meant by `outer`. Names are the caller's affair. */
export function covers(outer: ServicePattern, inner: ServicePattern): boolean {
  return (outer.group === undefined || outer.group === inner.group) && (outer.version === undefined || outer.version === inner.version);
}

/** Whether one request could be meant by both. Names are the caller's affair. */
export function overlaps(a: ServicePattern, b: ServicePattern): boolean {
  const groups = a.group === undefined || b.group === undefined || a.group === b.group;
  return groups && (a.version === undefined || b.version === undefined || a.version === b.version);
}

/** What both mean; they overlap. */
export function intersect(a: ServicePattern, b: ServicePattern): ServicePattern {
  return { name: a.name, group: a.group ?? b.group, version: a.version ?? b.version };
}

/** A group or version as people read it. */
export function describePart(part: string | undefined): string {
  if (part === undefined) return 'any';
  return part === '' ? 'absent' : JSON.stringify(part);
}
