import type { HeaderField } from '../stream/stream.ts';
import type { Frame } from './spi.ts';

/** A call that Polywire makes itself: a registry asks an instance what it serves. */
export interface ServiceCall {
  /** The interface, exactly as the wire says it. */
  readonly service: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
  readonly method: string;
  /** Strings, in order; or the message itself, for protocols whose arguments are written by a schema. */
  readonly arguments: readonly string[] | Buffer;
}

/** What a service answered. */
export type CallAnswer =
  /** What stands for a value is the codec's affair, and documented by it. It may be anything that a hostile service can write. */
  | { readonly kind: 'value'; readonly value: unknown }
  /** An exception or an error, in words that are not empty. */
  | { readonly kind: 'failed'; readonly reason: string };

/** How calls of Polywire's own are written and read in a protocol of frames. */
export interface FrameCalls<F extends Frame> {
  /**
   * A whole request that expects an answer, with any id: core parses it by the same codec and gives it one.
   * @throws CodecError when this protocol cannot say it
   */
  request(call: ServiceCall): Buffer;
  /** What a whole response says. Total over hostile bytes. */
  answer(response: F): CallAnswer;
}

/** The same for protocols whose messages are a head, a body and headers behind it. */
export interface StreamCalls<Req, Res> {
  /**
   * @param authority `host:port` that the call goes to
   * @throws CodecError when this protocol cannot say it
   */
  request(call: ServiceCall, authority: string): { readonly head: Req; readonly body: Buffer | undefined };
  /** Total over hostile bytes. */
  answer(head: Res, body: Buffer, trailers: readonly HeaderField[]): CallAnswer;
}
