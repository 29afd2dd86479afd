/** Counters of the connections of one listener that are passed on as they are, since the process began. */
export class OpaqueStats {
  connections = 0;
  connectionsActive = 0;
  /** Connections by what became of them: both sides ended in order, one broke off, the proxy closed it, or no service took it. */
  readonly ends = { ok: 0, 'caller-reset': 0, 'service-reset': 0, closed: 0, 'no-service': 0 };
  /** Bytes from callers, and to them. */
  received = 0;
  sent = 0;
}

/** How a connection that was passed on ended. */
export type OpaqueEnd = keyof OpaqueStats['ends'];
