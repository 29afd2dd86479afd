import { type CodecConnection, CodecError, type ConnectionOptions, type FrameKind, type Peek } from '@polywire/core/spi';
import { isIntact } from './checksum.ts';
import {
  BoltFrame,
  CHECKED_VERSION,
  CHECKSUM_BYTES,
  CHECKSUM_SWITCH,
  HEARTBEAT,
  MAX_SHORT,
  MORE_IN_V2,
  ONE_WAY,
  REQUEST,
  REQUEST_HEADER_BYTES,
  RESPONSE,
  RESPONSE_HEADER_BYTES,
  RPC_REQUEST,
  readUint16,
  SOFA_REQUEST,
} from './frame.ts';
import { ping, pong } from './heartbeat.ts';
import type { FrontReader } from './routing/front.ts';
import type { OutcomeReader } from './routing/outcome.ts';

/** MOSN says by this command, a request's, that it takes no more requests on the connection. */
const GO_AWAY = 100;
/** Java's ProtocolSwitch refuses values with the highest bit. */
const MOST_SWITCHES = 0x7f;

/** One connection's framing, for both versions at a time. It remembers the caller's dialect, to send heartbeats in it. */
export class BoltFraming implements CodecConnection<BoltFrame> {
  readonly headerBytes = 1;
  readonly #front: FrontReader;
  readonly #outcomes: OutcomeReader;
  #dialect: number;

  constructor(options: ConnectionOptions, front: FrontReader, outcomes: OutcomeReader) {
    this.#dialect = options.dialect;
    this.#front = front;
    this.#outcomes = outcomes;
  }

  measure(input: Peek): number | undefined {
    const protocol = input.uint8(0);
    if (protocol !== 1 && protocol !== 2) {
      throw new CodecError('BOLT_PROTOCOL', `a Bolt frame begins with 01 or 02, and this one with ${hex(protocol)}`);
    }
    const typeAt = protocol;
    if (input.available <= typeAt) return undefined;
    const version = protocol === 1 ? 0 : input.uint8(1);
    // Java waits without end for frames of other versions.
    if (protocol === 2 && version !== 1 && version !== CHECKED_VERSION) {
      throw new CodecError('BOLT_VERSION', `Bolt's second protocol has the versions 1 and 2, and this frame says ${version}`);
    }
    const type = input.uint8(typeAt);
    if (type > ONE_WAY) throw new CodecError('BOLT_TYPE', `a Bolt frame is of type 0, 1 or 2, and this one of ${type}`);
    const fixed = (type === RESPONSE ? RESPONSE_HEADER_BYTES : REQUEST_HEADER_BYTES) + (protocol === 1 ? 0 : MORE_IN_V2);
    if (input.available < fixed) return undefined;
    const content = input.uint32(fixed - 4);
    if (content > 0x7fffffff) throw new CodecError('BOLT_LENGTH', `a Bolt frame cannot have content of a negative length (${content | 0})`);
    const checksummed = version === CHECKED_VERSION && (input.uint8(11) & CHECKSUM_SWITCH) !== 0;
    return fixed + input.uint16(fixed - 8) + input.uint16(fixed - 6) + content + (checksummed ? CHECKSUM_BYTES : 0);
  }

  parse(chunk: Buffer, from: number, to: number, length: number): BoltFrame | undefined {
    const typeAt = from + chunk[from]!;
    const type = chunk[typeAt]!;
    const command = readUint16(chunk, typeAt + 1);
    const frame = new BoltFrame(kindOf(type, command), chunk, from, to, length);
    if (frame.checksummed && frame.whole && !isIntact(frame)) {
      throw new CodecError('BOLT_CHECKSUM', 'the checksum of a Bolt frame is wrong');
    }
    this.#dialect = frame.dialect;
    frame.defect = defectOf(frame, type, command);
    if (frame.defect !== undefined) {
      // SOFARPC's client reads the reason in an object; others read a status.
      frame.sofa = frame.isClass(SOFA_REQUEST);
      return frame;
    }
    if (frame.kind === 'response') return this.#outcomes.reaches(frame) ? frame : undefined;
    if (frame.kind !== 'request' && frame.kind !== 'oneway') return frame;
    return this.#front.read(frame) ? frame : undefined;
  }

  ping(id: number): Buffer {
    return ping(id, this.#dialect);
  }

  pong(frame: BoltFrame): Buffer {
    return pong(frame);
  }
}

function kindOf(type: number, command: number): FrameKind {
  if (type === RESPONSE) return command === HEARTBEAT ? 'pong' : 'response';
  if (command === HEARTBEAT) return 'ping';
  if (command === GO_AWAY) return 'goaway';
  return type === REQUEST ? 'request' : 'oneway';
}

/** What makes Java close the connection is answered here: others may share the connection to the service. */
function defectOf(frame: BoltFrame, type: number, command: number): string | undefined {
  if (type === RESPONSE) return undefined;
  if (command !== RPC_REQUEST && command !== HEARTBEAT && command !== GO_AWAY)
    return `Bolt has no request with the command code ${command}`;
  if (frame.headersAt - frame.classAt > MAX_SHORT) return `the name of a class is longer than ${MAX_SHORT} bytes`;
  if (frame.contentAt - frame.headersAt > MAX_SHORT) return `the headers are longer than ${MAX_SHORT} bytes`;
  return frame.switches > MOST_SWITCHES ? `the switches ${hex(frame.switches)} are more than Bolt has` : undefined;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
