/** One server of an ensemble. */
export interface ZkHost {
  readonly host: string;
  readonly port: number;
}

/** A parsed `h1:2181,h2:2181/chroot`. */
export interface ConnectString {
  /** At least one, in written order. */
  readonly hosts: readonly ZkHost[];
  /** Without a trailing slash; empty when none is written. */
  readonly chroot: string;
}

const DEFAULT_PORT = 2181;

/**
 * Reads ZooKeeper's connect string. IPv6 addresses are written in brackets.
 * @throws Error saying what is wrong with it
 */
export function parseConnectString(text: string): ConnectString {
  // Dubbo's configuration has it so.
  if (text.includes('://')) throw new Error(`"${text}" is a URL; write host:port[,host:port...][/chroot]`);
  const slash = text.indexOf('/');
  const list = slash < 0 ? text : text.slice(0, slash);
  const chroot = slash < 0 ? '' : text.slice(slash).replace(/\/+$/, '');
  if (chroot.includes('//')) throw new Error(`chroot "${chroot}" has an empty segment`);
  // Each server with its own chroot is a mistake that looks like a tree that is not there.
  if (/,[^/]*:\d/.test(chroot)) throw new Error(`"${text}" has servers after the chroot; write host:port[,host:port...][/chroot]`);
  const hosts = list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseHost);
  if (hosts.length === 0) throw new Error('no host; write host:port[,host:port...][/chroot]');
  return { hosts, chroot };
}

function parseHost(text: string): ZkHost {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (match === null || host === undefined) throw new Error(`"${text}" is not host:port; IPv6 addresses are written as [::1]:2181`);
  const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (port < 1 || port > 65535) throw new Error(`port ${port} of "${text}" is not in 1..65535`);
  return { host, port };
}
