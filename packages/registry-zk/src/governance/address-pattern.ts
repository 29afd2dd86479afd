import { BlockList, isIP } from 'node:net';

/** All addresses, as Dubbo writes it. */
export const ANY_HOST = '0.0.0.0';

/**
 * Whether an address is one that a rule names, as Dubbo's NetUtils.matchIpExpression: a network (`10.0.0.0/8`), or `host`, `host:port`, where
 * a part of the host may be `*` or a range (`10.0.*.1-20`). Names are compared and not looked up.
 */
export function matchesAddress(pattern: string, host: string, port: number): boolean {
  const text = pattern.trim();
  if (text === '*' || text === '*.*.*.*') return true;
  if (text.includes('/')) return isInNetwork(text, host);
  const [name, digits] = isIP(host) === 6 ? splitSix(text) : splitFour(text);
  if (digits !== undefined && digits !== String(port)) return false;
  return name === host || matchesParts(name, host);
}

function splitFour(pattern: string): readonly [string, string | undefined] {
  const colon = pattern.indexOf(':');
  return colon < 0 ? [pattern, undefined] : [pattern.slice(0, colon), pattern.slice(colon + 1)];
}

function splitSix(pattern: string): readonly [string, string | undefined] {
  const [, name, digits] = /^\[(.*)\](?::(\d+))?$/.exec(pattern) ?? [];
  return name === undefined ? [pattern, undefined] : [name, digits];
}

function isInNetwork(network: string, host: string): boolean {
  const [base = '', bits] = network.split('/');
  const family = isIP(base);
  if (family === 0 || isIP(host) !== family) return false;
  const prefix = Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(base, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function matchesParts(pattern: string, host: string): boolean {
  if (!/[*-]/.test(pattern) || isIP(host) === 0) return false;
  const separator = isIP(host) === 6 ? ':' : '.';
  const base = isIP(host) === 6 ? 16 : 10;
  const [parts, values] = [pattern.split(separator), host.split(separator)];
  return parts.length === values.length && parts.every((part, index) => matchesPart(part, values[index] ?? '', base));
}

function matchesPart(part: string, value: string, base: number): boolean {
  if (part === '*' || part === value) return true;
  const [low, high, ...more] = part.split('-').map((each) => Number.parseInt(each, base));
  const number = Number.parseInt(value, base);
  return low !== undefined && high !== undefined && more.length === 0 && number >= low && number <= high;
}
