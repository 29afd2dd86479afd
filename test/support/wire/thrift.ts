import { type Call, type RawWire, SERVICE, uint16, uint32, type WireKind } from './raw-wire.ts';
import { BINARY, COMPACT, type Encoding, type MessageStart } from './thrift-encodings.ts';

// Apache Thrift: thrift-rpc.md, thrift-binary-protocol.md, thrift-compact-protocol.md and HeaderFormat.md.

const CALL = 1;
const REPLY = 2;
const EXCEPTION = 3;
const ONEWAY = 4;
/** There is no type 7. */
const UNKNOWN_TYPE = 7;
const INTERNAL_ERROR = 6;
const LENGTH_BYTES = 4;
const HEADER_MAGIC = 0x0fff;
const HEADER_SEQID_AT = 8;
const HEADER_WORDS_AT = 12;
const HEADER_AT = 14;
const KEY_VALUES = 1;

type Transport = 'framed' | 'unframed' | 'header';

/** Frames that a message's bytes are put into, and taken out of. */
interface Envelope {
  /** @param id of the frame and the message */
  wrap(message: Buffer, id: Buffer, headers: Readonly<Record<string, string>>): Buffer;
  messageAt(bytes: Buffer): number;
  /** The part of an id that is the message's. */
  seqid(id: Buffer): Buffer;
  measure(bytes: Buffer): number;
}

function envelopeOf(transport: Transport, encoding: Encoding): Envelope {
  if (transport === 'unframed') {
    return { wrap: (message) => message, messageAt: () => 0, seqid: (id) => id, measure: (bytes) => encoding.messageEnd(bytes, 0) };
  }
  const measure = (bytes: Buffer) => (bytes.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + bytes.readUInt32BE(0));
  if (transport === 'framed') {
    const wrap = (message: Buffer) => Buffer.concat([uint32(message.length), message]);
    return { wrap, messageAt: () => LENGTH_BYTES, seqid: (id) => id, measure };
  }
  return {
    wrap(message, id, headers) {
      const infos = infoBytes(encoding.protocolId, headers);
      const words = Math.ceil(infos.length / 4);
      const fixed = [uint16(HEADER_MAGIC), uint16(0), id.subarray(0, 4), uint16(words)];
      const frame = Buffer.concat([...fixed, infos, Buffer.alloc(words * 4 - infos.length), message]);
      return Buffer.concat([uint32(frame.length), frame]);
    },
    messageAt: (bytes) => HEADER_AT + 4 * bytes.readUInt16BE(HEADER_WORDS_AT),
    seqid: (id) => id.subarray(4),
    measure,
  };
}

/** The header proper: protocol, no transforms, and one list of keys and values. */
function infoBytes(protocolId: number, headers: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(headers);
  const texts = pairs.flat().map((text) => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]));
  return Buffer.concat([Buffer.of(protocolId, 0), ...(pairs.length === 0 ? [] : [Buffer.of(KEY_VALUES, pairs.length), ...texts])]);
}

function thrift(transport: Transport, encoding: Encoding): RawWire {
  const envelope = envelopeOf(transport, encoding);
  const isHeader = transport === 'header';

  function frame(type: number, id: Buffer, name: string, struct: Buffer, headers = {}): Buffer {
    return envelope.wrap(encoding.message(type, envelope.seqid(id), name, struct), id, headers);
  }
  function request(type: number, id: Buffer, { service = SERVICE, method, body, headers }: Call): Buffer {
    // Callers of one service alone do not name it.
    const name = service === SERVICE ? method : `${service}:${method}`;
    return frame(type, id, name, encoding.struct([[1, body]]), headers);
  }
  function idOf(bytes: Buffer, start: MessageStart): Buffer {
    return isHeader ? Buffer.concat([bytes.subarray(HEADER_SEQID_AT, HEADER_SEQID_AT + 4), start.seqid]) : start.seqid;
  }
  const id = (seqid: Buffer) => (isHeader ? Buffer.concat([Buffer.from(seqid).reverse(), seqid]) : seqid);

  return {
    name: `thrift ${transport} ${encoding.name}`,
    protocol: 'thrift',
    settings: { service: SERVICE },
    // Callers share connections; what services do that answer in turn is shown elsewhere.
    annotations: { 'thrift.polywire.io/calls-per-connection': 'many' },
    has: { timeout: false, headers: isHeader, headersBehind: false, heartbeat: false, lengthInFront: transport !== 'unframed' },
    ids: encoding.seqids.map(id),
    refusals: {
      ...{ noRoute: 'exception 1', unavailable: 'exception 6', overflow: 'exception 6', timeout: 'exception 6', reset: 'exception 6' },
      ...{ tooLarge: 'exception 7', badRequest: 'exception 7' },
    },
    id: (count) => id(encoding.seqid(count)),

    request: (id, call) => request(CALL, id, call),
    oneway: (id, call) => request(ONEWAY, id, call),
    answer: (id, method, value) => frame(REPLY, id, method, encoding.struct([[0, value]])),
    businessError: (id, method, text) => frame(REPLY, id, method, encoding.struct([[1, encoding.struct([[1, Buffer.from(text)]]), true]])),
    failure: (id, method, text) => frame(EXCEPTION, id, method, encoding.exception(text, INTERNAL_ERROR)),
    unreadable: (id) => frame(UNKNOWN_TYPE, id, 'echo', encoding.struct([])),

    measure: envelope.measure,
    read(bytes, length) {
      const start = encoding.readStart(bytes, envelope.messageAt(bytes));
      const { field, text, code } = encoding.readStruct(bytes, start.structAt);
      const ok = field === 0 || field === undefined;
      const status = start.type === EXCEPTION ? `exception ${code}` : start.type === REPLY ? (ok ? 'ok' : 'business-error') : '';
      const method = start.name;
      return {
        kind: kindOf(start.type),
        id: idOf(bytes, start),
        bytes,
        length,
        method,
        status,
        body: text,
        timeoutMs: undefined,
        stableFrom: start.structAt,
      };
    },
    trailerBytes: () => 0,
    withId(bytes, id) {
      const messageAt = envelope.messageAt(bytes);
      const message = encoding.withSeqid(bytes.subarray(messageAt), envelope.seqid(id));
      const front = Buffer.from(bytes.subarray(0, messageAt));
      if (isHeader) id.copy(front, HEADER_SEQID_AT, 0, 4);
      if (transport !== 'unframed') front.writeUInt32BE(messageAt + message.length - LENGTH_BYTES, 0);
      return Buffer.concat([front, message]);
    },
  };
}

function kindOf(type: number): WireKind {
  if (type === CALL) return 'request';
  if (type === ONEWAY) return 'oneway';
  return type === REPLY || type === EXCEPTION ? 'answer' : 'other';
}

export const thriftFramedBinary: RawWire = thrift('framed', BINARY);
export const thriftFramedCompact: RawWire = thrift('framed', COMPACT);
export const thriftUnframedBinary: RawWire = thrift('unframed', BINARY);
export const thriftHeaderBinary: RawWire = thrift('header', BINARY);
