import type { CodecConnection, CodecCore, LookupResult, Peek } from '@polywire/core/spi';
import type { DubboFrame } from '../frame.ts';
import { dubbo } from '../index.ts';

const core: CodecCore = {
  intern: (chunk, from, to) => chunk.toString('utf8', from, to),
};

const codec: ReturnType<typeof dubbo> = dubbo(core);

/** The facets, which this codec all has. */
function facet<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the codec lacks a facet');
  return value;
}

export const routing: NonNullable<typeof codec.routing> = facet(codec.routing);
export const mediation: NonNullable<typeof codec.mediation> = facet(codec.mediation);
export const multiplexing: NonNullable<typeof codec.multiplexing> = facet(codec.multiplexing);
export const calls: NonNullable<typeof codec.calls> = facet(codec.calls);

/** A new connection's codec. */
export function connect(): CodecConnection<DubboFrame> {
  return codec.connection({ side: 'downstream', maxFrameBytes: 8 << 20, dialect: 0 });
}

/** A view of bytes as core would offer it. */
export function peek(b: Buffer): Peek {
  return {
    available: b.length,
    uint8: (at) => b.readUInt8(at),
    uint16: (at) => b.readUInt16BE(at),
    uint32: (at) => b.readUInt32BE(at),
    indexOf: (byte, from) => b.indexOf(byte, from),
    view: (from, to) => b.subarray(from, to),
  };
}

/** Parses one whole frame, in the middle of a larger chunk. */
export function parse(b: Buffer, connection: CodecConnection<DubboFrame> = connect()): DubboFrame {
  const length = connection.measure(peek(b));
  if (length !== b.length) throw new Error(`${b.length} bytes measure ${length}`);
  const chunk = Buffer.concat([Buffer.from([0x4e, 0x5a, 0x4e]), b, Buffer.from([0x90, 0x05])]);
  return facet(connection.parse(chunk, 3, 3 + length, length));
}

/** Parses the first `bytes` of a frame. */
export function parseFront(b: Buffer, bytes: number): DubboFrame | undefined {
  return connect().parse(Buffer.from(b.subarray(0, bytes)), 0, bytes, b.length);
}

/** What one scan for `names` finds. */
export function lookUp(frame: DubboFrame, ...names: string[]): readonly LookupResult[] {
  const scan = routing.scan({ names, timeout: false, affinity: false });
  scan.run(frame);
  return scan.values;
}

/** What a scan says of time. */
export function timeoutOf(frame: DubboFrame): number {
  const scan = routing.scan({ names: [], timeout: true, affinity: false });
  scan.run(frame);
  return scan.timeoutMs;
}
