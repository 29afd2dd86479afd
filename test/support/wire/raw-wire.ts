// What tests need to know of a protocol to speak it by hand. Every wire is written from its documentation: a codec that was used on both
// sides of a test would hide its own mistakes.

/** The service that tests call; listeners are told that it is meant where a wire cannot name one. */
export const SERVICE = 'com.acme.Wire';

/** What a request says. */
export interface Call {
  /** SERVICE when not said. */
  readonly service?: string;
  readonly method: string;
  readonly body: Buffer;
  /** Only where the wire has them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds that the caller waits; only where the wire says so. */
  readonly timeoutMs?: number;
}

export type WireKind = 'request' | 'oneway' | 'answer' | 'heartbeat' | 'heartbeatAnswer' | 'goAway' | 'other';

/** One frame as it was received. */
export interface WireMessage {
  readonly kind: WireKind;
  /** Every byte of the id, as on the wire. */
  readonly id: Buffer;
  /** The whole frame, or the front of a large one. */
  readonly bytes: Buffer;
  /** Of the whole frame. */
  readonly length: number;
  /** Of requests. */
  readonly method: string;
  /** Of answers: `ok`, `business-error`, or how this wire says an error: one of `refusals`, or anything else. */
  readonly status: string;
  /** Of requests their argument, of answers their value, or the text of the error. The first part of a large frame's. */
  readonly body: Buffer;
  /** Milliseconds, of requests that say how long their caller waits. */
  readonly timeoutMs: number | undefined;
  /** Offset of the first byte behind everything that a proxy may write: from there on, up to a checksum, nothing ever changes. */
  readonly stableFrom: number;
  /** Of a large frame: what `digest` makes of its stable bytes. */
  readonly digest: string;
}

/** Why a proxy answers by itself. */
export type Refusal = 'noRoute' | 'unavailable' | 'overflow' | 'timeout' | 'reset' | 'tooLarge' | 'badRequest';

/** A protocol, or one of its forms, on the wire. */
export interface RawWire {
  /** As tests call it. */
  readonly name: string;
  /** As configuration calls it. */
  readonly protocol: string;
  /** Of the listener. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of the services. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly has: {
    /** Requests say how long their caller waits, in a field that a proxy makes smaller. */
    readonly timeout: boolean;
    readonly headers: boolean;
    /** They stand behind the argument, so that they are here when the whole request is. */
    readonly headersBehind: boolean;
    readonly heartbeat: boolean;
    /** The length of a frame is in its first bytes, so that large ones need not be held whole. */
    readonly lengthInFront: boolean;
  };
  /** Ids that differ, the extreme ones among them. */
  readonly ids: readonly Buffer[];
  /** How an answer says each. */
  readonly refusals: Readonly<Record<Refusal, string>>;
  /** The id of a caller that counts. */
  id(count: number): Buffer;

  request(id: Buffer, call: Call): Buffer;
  oneway(id: Buffer, call: Call): Buffer;
  answer(id: Buffer, method: string, value: Buffer): Buffer;
  /** The answer of a healthy service that threw an exception of its own. */
  businessError(id: Buffer, method: string, text: string): Buffer;
  /** The answer of a service that failed. */
  failure(id: Buffer, method: string, text: string): Buffer;
  /** A request whose id and end can be told, and which is none that anybody knows. */
  unreadable(id: Buffer): Buffer;
  heartbeat?(id: Buffer): Buffer;
  heartbeatAnswer?(id: Buffer): Buffer;

  /**
   * How many bytes the frame at the front has at least: exactly so many when they all are here.
   * @throws Error for bytes that no frame begins with
   */
  measure(bytes: Buffer): number;
  /** @param bytes a whole frame, or its first bytes, at least FRONT_BYTES */
  read(bytes: Buffer, length: number): Omit<WireMessage, 'digest'>;
  /** Bytes of the checksum that a frame ends in. */
  trailerBytes(front: Buffer): number;
  /** The same frame with another id, and with whatever depends on it: lengths, checksums. */
  withId(frame: Buffer, id: Buffer): Buffer;
  /** The same request whose caller waits so long. */
  withTimeout?(frame: Buffer, milliseconds: number): Buffer;
}

/** What `read` needs of a frame that is not whole. */
export const FRONT_BYTES = 4096;

/** Bytes of a pattern that repeats after a prime, so that a shift shows. */
export function pattern(size: number): Buffer {
  return Buffer.alloc(size, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
}

/** A copy with other bytes at an offset. */
export function replaced(frame: Buffer, at: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(frame);
  bytes.copy(copy, at);
  return copy;
}
