/** RFC 3986, section 3.2, without userinfo, which RFC 9113, section 8.3.1, forbids. */
const AUTHORITY = /^[A-Za-z0-9\-._~!$&'()*+,;=%:[\]]*$/;
const PORT = /:[0-9]*$/;
const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', ':80'],
  ['https', ':443'],
]);

/** Few services are asked for again and again. Of well-formed authorities. */
const HOSTS = new Map<string, string>();
const MOST_HOSTS = 1024;

export function isAuthority(text: string): boolean {
  return HOSTS.has(text) || AUTHORITY.test(text);
}

/** Whether both name one host and port, by the scheme's own rules: RFC 3986, section 6.2.3. */
export function sameAuthority(a: string, b: string, scheme: string): boolean {
  return a === b || normalize(a, scheme) === normalize(b, scheme);
}

function normalize(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const port = PORT.exec(lower)?.[0] ?? '';
  return port === ':' || port === DEFAULT_PORTS.get(scheme.toLowerCase()) ? lower.slice(0, -port.length) : lower;
}

/**
 * @param authority well-formed
 * @returns the host, lower case, without its port: the same string object for most equal authorities. An IPv6 address keeps its brackets
 */
export function hostOf(authority: string): string {
  const known = HOSTS.get(authority);
  if (known !== undefined) return known;
  const lower = authority.toLowerCase();
  const host = lower.replace(PORT, '');
  if (HOSTS.size < MOST_HOSTS && authority.length <= 255) HOSTS.set(authority, host);
  return host;
}
