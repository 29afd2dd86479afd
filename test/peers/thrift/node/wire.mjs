// What a transport and an encoding are in this library.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import thrift from 'thrift';

const require = createRequire(import.meta.url);
export const generated = (name) => require(join(process.env.THRIFT_GENERATED, `${name}.js`));

/** Number of the encoding in THeader frames; the library keeps its names to itself. */
const HEADER_ENCODINGS = { binary: 0, compact: 2 };

/** Multiplexing derives a class of its own from this one. */
function OldBinary(trans) {
  thrift.TBinaryProtocol.call(this, trans, false, false);
}
OldBinary.prototype = Object.create(thrift.TBinaryProtocol.prototype);

const PROTOCOLS = { binary: thrift.TBinaryProtocol, 'binary-old': OldBinary, compact: thrift.TCompactProtocol, json: thrift.TJSONProtocol };

export function options(wire) {
  return {
    // Its THeader protocol writes the length of the frame itself: on the framed transport there would be two.
    transport: wire.transport === 'framed' ? thrift.TFramedTransport : thrift.TBufferedTransport,
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
