import { decodeNodeName, parseParameters } from '../node-url.ts';
import { RuleError } from './rule-text.ts';

/** A rule as Dubbo 2.6 writes it: the name of a child of `configurators` or `routers`. */
export interface RuleUrl {
  /** `override`, `absent`, `condition`, `route`, .... */
  readonly protocol: string;
  /** An IP address, or `0.0.0.0`. */
  readonly host: string;
  /** 0: there is none. */
  readonly port: number;
  /** Usually the interface. */
  readonly path: string;
  /** As they are written: `rule` is encoded once more. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads a node's name.
 * @throws RuleError, and NodeUrlError when it is not URL-encoded
 */
export function parseRuleNode(name: string): RuleUrl {
  return parseRuleUrl(decodeNodeName(name));
}

/**
 * Reads a URL in which the port may be left out.
 * @throws RuleError
 */
export function parseRuleUrl(text: string): RuleUrl {
  const [, protocol, authority = '', path = '', query = ''] =
    /^([A-Za-z][\w.+-]*):\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text) ?? [];
  if (protocol === undefined) throw new RuleError('not protocol://host/interface?parameters');
  const address = authority.slice(authority.lastIndexOf('@') + 1);
  const [, host = address, digits = '0'] = /^(.*?)(?::(\d{1,5}))?$/s.exec(address) ?? [];
  if (host === '') throw new RuleError('it has no host');
  return { protocol, host, port: Number(digits), path, parameters: parseParameters(query) };
}
