import { stringify } from 'yaml';
import { documents, type MeshEndpoint } from './mesh.ts';

const PORT_NAME = 'http2';

export interface Http2Listener {
  readonly name: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Files of its certificate and key, by their names in the folder of the bootstrap. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A bootstrap with HTTP/2 listeners and an admin listener on free ports, and `mesh/*.yaml` as resources. */
export function http2Bootstrap(
  listeners: readonly Http2Listener[] = [{ name: 'web' }],
  more: Readonly<Record<string, unknown>> = {},
): string {
  return stringify({
    listeners: listeners.map(({ name, settings, tls }) => ({
      name,
      address: '127.0.0.1:0',
      protocols: [settings === undefined ? 'http2' : { name: 'http2', settings }],
      ...(tls === undefined ? {} : { tls }),
    })),
    admin: { address: '127.0.0.1:0' },
    resources: ['mesh/*.yaml'],
    ...more,
  });
}

export interface Http2Entry {
  readonly host: string;
  readonly endpoints: readonly MeshEndpoint[];
  /** What its connections are to be, by setting. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** ServiceEntries, one for each host. A request for one of these hosts needs no VirtualService. */
export function http2Entries(entries: readonly Http2Entry[]): string {
  return documents(
    entries.map(({ host, endpoints, settings = {} }) => ({
      kind: 'ServiceEntry',
      name: host,
      annotations: Object.fromEntries(Object.entries(settings).map(([name, value]) => [`http2.polywire.io/${name}`, value])),
      spec: {
        hosts: [host],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ name: PORT_NAME, number: 8080, protocol: 'HTTP2' }],
        endpoints: endpoints.map(({ port, ...rest }) => ({ address: '127.0.0.1', ports: { [PORT_NAME]: port }, ...rest })),
      },
    })),
  );
}

export interface Http2Route {
  readonly match?: readonly object[];
  /** Weight by host, or by `host|subset`. */
  readonly to: Readonly<Record<string, number>>;
  readonly timeout?: string;
  readonly headers?: object;
  readonly retries?: object;
}

/** A VirtualService; the host `*` is everybody's. */
export function http2Routes(host: string, routes: readonly Http2Route[]): string {
  const http = routes.map(({ to, ...rest }) => ({
    ...rest,
    route: Object.entries(to).map(([target, weight]) => {
      const [name, subset] = target.split('|');
      return { destination: { host: name, ...(subset === undefined ? {} : { subset }) }, weight };
    }),
  }));
  return documents([{ kind: 'VirtualService', name: host === '*' ? 'everybody' : host, spec: { hosts: [host], http } }]);
}

/** A DestinationRule of services that are called by TLS, of which no certificate is checked. */
export function http2UpstreamTls(host: string): string {
  const tls = { mode: 'SIMPLE', insecureSkipVerify: true };
  return documents([{ kind: 'DestinationRule', name: host, spec: { host, trafficPolicy: { tls } } }]);
}
