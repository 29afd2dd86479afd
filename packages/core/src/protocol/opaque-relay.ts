import type { SocketTransport } from '../transport/socket-transport.ts';
import type { TransportUser } from '../transport/transport.ts';

/** A side of a relay. */
export type RelaySide = 'caller' | 'service';

/** What became of a relay. */
export interface RelayEnd {
  /** Who ended first, or broke off. The proxy does when it stops. */
  readonly side: RelaySide | 'proxy';
  /** Why it broke off; undefined when both sides ended in order. */
  readonly fault: string | undefined;
}

/**
 * Passes bytes between two connections as they are (level 0). The end of one direction is passed on behind its last byte, and the other
 * direction goes on; a side that takes no more makes the other one wait, so that little is held; a side that breaks off resets the other.
 */
export class OpaqueRelay {
  /** Bytes received from the caller, and from the service. */
  received = 0;
  sent = 0;
  readonly caller: TransportUser;
  readonly service: TransportUser;
  readonly #onEnd: (end: RelayEnd) => void;
  readonly #caller: SocketTransport;
  #endedFirst: RelaySide | 'proxy' | undefined = undefined;
  #endedBoth = false;
  #over = false;

  /** @param totals where the bytes of all relays of a listener are added up */
  constructor(
    caller: SocketTransport,
    service: SocketTransport,
    totals: { received: number; sent: number },
    onEnd: (end: RelayEnd) => void,
  ) {
    this.#onEnd = onEnd;
    this.#caller = caller;
    this.caller = {
      onBytes: (chunk) => {
        this.received += chunk.length;
        totals.received += chunk.length;
        pass(chunk, caller, service);
      },
      onFlushed: () => undefined,
      onDrain: () => service.resume(),
      onEnd: () => this.#ended('caller', service),
      onClose: (reason) => this.#closed('caller', service, reason),
    };
    this.service = {
      onBytes: (chunk) => {
        this.sent += chunk.length;
        totals.sent += chunk.length;
        // Silence is looked for on the caller's side alone.
        caller.heard = true;
        pass(chunk, service, caller);
      },
      onFlushed: () => undefined,
      onDrain: () => caller.resume(),
      onEnd: () => this.#ended('service', caller),
      onClose: (reason) => this.#closed('service', caller, reason),
    };
  }

  #ended(side: RelaySide, other: SocketTransport): void {
    if (this.#endedFirst === undefined) this.#endedFirst = this.#first(side);
    else this.#endedBoth = true;
    other.end();
  }

  #closed(side: RelaySide, other: SocketTransport, reason: string): void {
    if (this.#over) return;
    // After both ends each side closes by itself, once the other has taken its last bytes.
    if (this.#endedBoth && !other.closed) return;
    this.#over = true;
    if (this.#endedBoth) return this.#onEnd({ side: this.#endedFirst ?? side, fault: undefined });
    other.reset(reason);
    const first = this.#endedFirst ?? this.#first(side);
    this.#onEnd({ side: first === 'proxy' ? first : side, fault: reason });
  }

  /** Of whom the first end was heard. Before it, nothing but the end of the proxy itself ends the caller's connection from here. */
  #first(heard: RelaySide): RelaySide | 'proxy' {
    return this.#caller.ending ? 'proxy' : heard;
  }
}

function pass(chunk: Buffer, from: SocketTransport, to: SocketTransport): void {
  to.write(chunk);
  if (to.full) from.pause();
}
