import type {
  CodecConnection,
  CodecCore,
  FrameProtocol,
  LookupResult,
  Mediation,
  Multiplexing,
  NewFront,
  Peek,
  Routing,
} from '@polywire/core/spi';
import type { ThriftFrame } from '../frame.ts';
import { thrift } from '../index.ts';

const core: CodecCore = {
  intern: (chunk, from, to) => chunk.toString('utf8', from, to),
};

/** A codec with settings, whose facets are all there. */
export interface Codec {
  readonly protocol: FrameProtocol<ThriftFrame>;
  readonly routing: Routing<ThriftFrame>;
  readonly mediation: Mediation<ThriftFrame>;
  readonly multiplexing: Multiplexing<ThriftFrame>;
}

/** What was looked for, which must be there. */
export function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('what a test needs is not there');
  return value;
}

/** The codec, configured. */
export function codec(settings: Record<string, string> = {}): Codec {
  const plain = thrift(core);
  const protocol = Object.keys(settings).length === 0 ? plain : there(plain.configure?.(new Map(Object.entries(settings))));
  return {
    protocol,
    routing: there(protocol.routing),
    mediation: there(protocol.mediation),
    multiplexing: there(protocol.multiplexing),
  };
}

/** Without settings. */
export const bare: Codec = codec();

/** A new connection's codec. */
export function connect(side: 'downstream' | 'upstream' = 'downstream', { protocol } = bare): CodecConnection<ThriftFrame> {
  return protocol.connection({ side, maxFrameBytes: 8 << 20, dialect: 0 });
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
export function parse(b: Buffer, connection: CodecConnection<ThriftFrame> = connect()): ThriftFrame {
  const length = connection.measure(peek(b));
  if (length !== b.length) throw new Error(`${b.length} bytes measure ${length}`);
  const chunk = Buffer.concat([Buffer.from([0x4e, 0x5a, 0x4e]), b, Buffer.from([0x90, 0x05])]);
  return there(connection.parse(chunk, 3, 3 + length, length));
}

/** Parses the first `bytes` of a frame. */
export function parseFront(b: Buffer, bytes: number): ThriftFrame | undefined {
  const connection = connect();
  connection.measure(peek(b));
  return connection.parse(Buffer.from(b.subarray(0, bytes)), 0, bytes, b.length);
}

/** The frame as it is sent with a new front, or with what was changed in place. */
export function sent(frame: ThriftFrame, front: NewFront | undefined): Buffer {
  const bytes = Buffer.from(frame.chunk.subarray(frame.from, frame.to));
  return front === undefined ? bytes : Buffer.concat([front.front, bytes.subarray(front.replaces)]);
}

/** What one scan for `names` finds. */
export function lookUp(frame: ThriftFrame, ...names: string[]): readonly LookupResult[] {
  const scan = bare.routing.scan({ names, timeout: false, affinity: false });
  scan.run(frame);
  return scan.values;
}
