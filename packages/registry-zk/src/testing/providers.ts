import type { ZkClient } from '../client/client.ts';
import { hasCode, NODE_EXISTS } from '../client/errors.ts';

const REGISTRANT = Buffer.from('127.0.0.1');
const METHODS = 'date,boxedDouble,echo,slow';

/** The encoding of java.net.URLEncoder, which Dubbo names its nodes with. */
export function javaUrlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** A provider URL as Dubbo 2.7 writes it, parameters sorted. */
export function providerUrl(interfaceName: string, port: number, parameters: Readonly<Record<string, string>> = {}): string {
  const all: Record<string, string> = {
    anyhost: 'true',
    application: 'fleet-provider',
    deprecated: 'false',
    dubbo: '2.0.2',
    dynamic: 'true',
    generic: 'false',
    interface: interfaceName,
    methods: METHODS,
    pid: '1',
    release: '2.7.23',
    side: 'provider',
    timestamp: '1',
    ...parameters,
  };
  const query = Object.keys(all)
    .sort()
    .map((key) => `${key}=${all[key]}`);
  return `dubbo://127.0.0.1:${port}/${interfaceName}?${query.join('&')}`;
}

/** Creates a node and what is missing above it, as Dubbo does: directories stay, their data is the registering host. */
export async function createPath(zk: ZkClient, path: string, ephemeral = false, data = REGISTRANT): Promise<void> {
  const segments = path.split('/').slice(1);
  for (let i = 1; i <= segments.length; i++) {
    const isLeaf = i === segments.length;
    try {
      await zk.create(`/${segments.slice(0, i).join('/')}`, isLeaf ? data : REGISTRANT, { ephemeral: isLeaf && ephemeral });
    } catch (error) {
      if (isLeaf || !hasCode(error, NODE_EXISTS)) throw error;
    }
  }
}

/** Registers a provider. Returns its node's path. */
export async function register(zk: ZkClient, interfaceName: string, url: string, root = '/dubbo'): Promise<string> {
  const path = `${root}/${javaUrlEncode(interfaceName)}/providers/${javaUrlEncode(url)}`;
  await createPath(zk, path, true);
  return path;
}
