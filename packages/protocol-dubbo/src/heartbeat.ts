import { type DubboFrame, EVENT, HEADER_BYTES, header, REQUEST, STATUS_OK, TWO_WAY } from './frame.ts';
import { hessian2Writer } from './serialization/hessian2.ts';
import { FASTJSON, FASTJSON_LINES, HESSIAN2, type Serializations } from './serialization/index.ts';
import type { BodyWriter } from './serialization/serialization.ts';

/** A heartbeat's body that is longer is not repeated to its sender. */
const ECHO_BYTES = 64;

/** A heartbeat: an event whose body is null. */
export function ping(id: number, dialect: number, serializations: Serializations): Buffer {
  const [serialization, writer] = speak(dialect, serializations);
  return Buffer.concat([header(REQUEST | TWO_WAY | EVENT | serialization, 0, 0, id, writer.nothing.length), writer.nothing]);
}

/** Java compares the whole body of an answer with null's bytes: they come back as they were sent. */
export function pong(frame: DubboFrame, serializations: Serializations): Buffer {
  const echoed = frame.length - HEADER_BYTES <= ECHO_BYTES && frame.to - frame.from === frame.length;
  const body = echoed
    ? frame.chunk.subarray(frame.from + HEADER_BYTES, frame.to)
    : (serializations[frame.serialization]!.writer?.nothing ?? Buffer.alloc(0));
  return Buffer.concat([header(EVENT | frame.serialization, STATUS_OK, frame.idHigh, frame.idLow, body.length), body]);
}

/** The event "R": the consumer treats the provider as unavailable for new calls (HeaderExchangeHandler, READONLY_EVENT). One-way. */
export function goAway(dialect: number, serializations: Serializations): Buffer {
  const [serialization, writer] = speak(dialect, serializations);
  const body = writer.text('R');
  return Buffer.concat([header(REQUEST | EVENT | serialization, 0, 0, 0, body.length), body]);
}

/** The peer's serialization when we can write it, else Hessian 2.0. */
function speak(dialect: number, serializations: Serializations): [id: number, writer: BodyWriter] {
  const writer = serializations[dialect]!.writer;
  return writer === undefined ? [HESSIAN2, hessian2Writer] : [dialect === FASTJSON_LINES ? FASTJSON : dialect, writer];
}
