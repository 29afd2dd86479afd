import type { Acceptor } from '../downstream/detecting-connection.ts';
import type { AcceptedConnection } from '../downstream/listener.ts';
import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import type { OpaqueStats } from '../observe/opaque-stats.ts';
import type { Route } from '../route/route.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import type { OpaqueEndpoint } from '../upstream/opaque-endpoint.ts';
import { OpaqueConnection } from './opaque-connection.ts';

/** What the connections of one listener that are passed on as they are have in common. */
export interface OpaqueOptions {
  readonly listener: string;
  /** The service or address, as configuration names it. */
  readonly target: string;
  readonly stats: OpaqueStats;
  /** In force now. */
  readonly findRoute: () => Route<OpaqueEndpoint>;
  /** Told when a connection is over. */
  readonly onEnd: (connection: OpaqueConnection) => void;
}

/** The way of connections that no protocol reads: a route, a cluster, an endpoint, and from there on bytes. */
export class OpaquePath implements Acceptor {
  readonly name = OPAQUE_PROTOCOL;
  readonly #options: OpaqueOptions;

  constructor(options: OpaqueOptions) {
    this.#options = options;
  }

  accept(transport: SocketTransport): AcceptedConnection {
    const route = this.#options.findRoute();
    route.stats.requests++;
    return new OpaqueConnection({ ...this.#options, route, cluster: route.pickCluster() }, transport);
  }
}
