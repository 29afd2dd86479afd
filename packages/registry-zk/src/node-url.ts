import { isIP } from 'node:net';

/** A provider as its node name says it. */
export interface NodeUrl {
  /** Scheme: dubbo, tri, bolt, ... */
  readonly protocol: string;
  /** IP address without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
  /** Without the leading slash. */
  readonly path: string;
  /** Raw values: only the node name as a whole is encoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Node names that are no provider; the message says why. */
export class NodeUrlError extends Error {
  override readonly name = 'NodeUrlError';
}

/**
 * Reads a node's name that is java.net.URLEncoder's of a whole URL, so that a space is `+`. It is decoded once: Dubbo's URL.buildParameters
 * writes values raw, and the few that it encodes on its own (`rule`, `monitor`) stay as they are.
 * @throws NodeUrlError
 */
export function parseNodeUrl(nodeName: string): NodeUrl {
  return parseUrl(decodeNodeName(nodeName));
}

/**
 * Reads a URL, its values as they are written.
 * @throws NodeUrlError
 */
export function parseUrl(text: string): NodeUrl {
  const question = text.indexOf('?');
  const head = question < 0 ? text : text.slice(0, question);
  const [, protocol, authority = '', path = ''] = /^([A-Za-z][\w.+-]*):\/\/([^/]*)(?:\/(.*))?$/s.exec(head) ?? [];
  if (protocol === undefined) throw new NodeUrlError('not protocol://host:port/path');
  return { protocol, ...parseHostAndPort(authority), path, parameters: parseParameters(question < 0 ? '' : text.slice(question + 1)) };
}

/**
 * Undoes java.net.URLEncoder.
 * @throws NodeUrlError when a percent sign is not followed by UTF-8
 */
export function decodeNodeName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', '%20'));
  } catch {
    throw new NodeUrlError('not URL-encoded UTF-8');
  }
}

/** The encoding of java.net.URLEncoder, which Dubbo names its nodes with: a space is `+`, and `.`, `-`, `*` and `_` stay. */
export function encodeNodeName(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/**
 * Reads `host:port`. Credentials before `@` are of no use to a caller and must not spread. IPv6 comes with and without brackets: the last
 * colon counts.
 * @throws NodeUrlError
 */
export function parseHostAndPort(authority: string): { host: string; port: number } {
  const address = authority.slice(authority.lastIndexOf('@') + 1);
  const colon = address.lastIndexOf(':');
  const digits = address.slice(colon + 1);
  const port = Number(digits);
  if (colon < 0 || !/^\d{1,5}$/.test(digits) || port < 1 || port > 65_535) throw new NodeUrlError('no port in 1..65535');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  if (!isAddress(host)) throw new NodeUrlError('neither an IP address nor a host name');
  return { host, port };
}

/** An IP address, or a name that DNS could know. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9_]([\w-]{0,61}\w)?(\.[A-Za-z0-9_]([\w-]{0,61}\w)?)*\.?$/.test(host);
}

/** Reads a query as URL.valueOf does: the first `=` splits, a key without one is its own value, the last of several wins. */
export function parseParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (key !== '') parameters.set(key, equals < 0 ? part : part.slice(equals + 1));
  }
  return parameters;
}
