/** Bytes out and flow control of one connection. Gathers everything written in one turn of the event loop into one write. */
export interface Transport {
  /** `address:port` of the other side. */
  readonly peer: string;
  /** The IP address of the other side; IPv4 is never written as IPv6. */
  readonly peerAddress: string;
  /** Queues [from, to) of a buffer; a range that continues the last one is merged with it. Dropped when closed. */
  writeRange(buffer: Buffer, from: number, to: number): void;
  write(buffer: Buffer): void;
  /** Bytes accepted and not yet taken by the kernel. */
  readonly queuedBytes: number;
  /** True when more is queued than the high watermark, until onDrain. */
  readonly full: boolean;
  readonly closed: boolean;
  /** Stops reading. Pauses do not nest. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes this side. */
  end(): void;
  /** Closes now; what is queued is lost. `reason` reaches onClose. */
  destroy(reason: string): void;
}

/** What a transport tells its connection. */
export interface TransportUser {
  onBytes(chunk: Buffer): void;
  /** Everything queued so far was handed to the socket: none of it can be taken back. */
  onFlushed(): void;
  /** No longer full. */
  onDrain(): void;
  /** The other side sends no more. */
  onEnd(): void;
  /** Always last, exactly once. */
  onClose(reason: string): void;
}
