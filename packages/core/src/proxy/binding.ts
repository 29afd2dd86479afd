import type { BoundUpstream } from '../stream/stream.ts';
import type { PooledConnection } from '../upstream/pooled-connection.ts';
import type { UpstreamEndpoint } from '../upstream/upstream-endpoint.ts';

/** An upstream connection that belongs to one caller. */
export class Binding<Req, Res> implements BoundUpstream {
  readonly endpoint: UpstreamEndpoint<Req, Res>;
  readonly pooled: PooledConnection<Req, Res>;
  /** It takes no more requests, but the service may still call back over it. */
  readonly #former: BoundUpstream | undefined;

  constructor(endpoint: UpstreamEndpoint<Req, Res>, pooled: PooledConnection<Req, Res>, former?: BoundUpstream) {
    this.endpoint = endpoint;
    this.pooled = pooled;
    this.#former = former instanceof Binding && former.pooled.connection.transport.closed ? former.#former : former;
  }
  close(reason: string): void {
    this.#former?.close(reason);
    this.pooled.close(reason);
  }
}
