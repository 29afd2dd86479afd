// What a transport and an encoding are in this library.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import thrift from 'thrift';

const require = createRequire(import.meta.url);
export const generated = (name) => require(join(process.env.THRIFT_GENERATED, `${name}.js`));

/** Number of the encoding in THeader frames; the library keeps its names to itself. */
const HEADER_ENCODINGS = { binary: 0, compact: 2 };
const LENGTH_BYTES = 4;

/** Multiplexing derives a class of its own from this one. */
function OldBinary(trans) {
  thrift.TBinaryProtocol.call(this, trans, false, false);
}
OldBinary.prototype = Object.create(thrift.TBinaryProtocol.prototype);

/**
 * The library's THeader protocol reads and writes the length of its frames itself: on the framed transport there would be two,
 * and of what comes through the buffered one it takes the header for whole wherever the network cut it. So: whole frames, with
 * their length.
 */
function HeaderFrames(frame, callback) {
  thrift.TFramedTransport.call(this, frame, callback);
}
HeaderFrames.prototype = Object.create(thrift.TFramedTransport.prototype);

HeaderFrames.prototype.flush = function () {
  const out = Buffer.concat(this.outBuffers.map((piece) => Buffer.from(piece)));
  this.outBuffers = [];
  this.outCount = 0;
  this.onFlush?.(out, this._seqid);
};

HeaderFrames.receiver = (callback, seqid) => {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + pending.readUInt32BE(0);
      if (pending.length < end) return;
      const frame = pending.subarray(0, end);
      pending = pending.subarray(end);
      callback(new HeaderFrames(frame), seqid);
    }
  };
};

const PROTOCOLS = { binary: thrift.TBinaryProtocol, 'binary-old': OldBinary, compact: thrift.TCompactProtocol, json: thrift.TJSONProtocol };

const TRANSPORTS = { unframed: thrift.TBufferedTransport, framed: thrift.TFramedTransport, header: HeaderFrames };

export function options(wire) {
  return {
    transport: TRANSPORTS[wire.transport],
    protocol: wire.transport === 'header' ? thrift.THeaderProtocol : PROTOCOLS[wire.protocol],
  };
}

/**
 * The generated clients of compiler 0.17 flush the transport, not the protocol, which is where this library puts headers
 * before a message.
 */
export function writeHeadersFirst(output, wire) {
  output.setProtocolId(HEADER_ENCODINGS[wire.protocol]);
  const { flush } = output;
  output.flush = function (...args) {
    this.writeHeaders();
    return flush.apply(this, args);
  };
}
