import type { CodecConnection, Frame, FrameProtocol } from '@polywire/core/spi';
import { check, fail, NotApplicable } from './case.ts';
import { ReferenceDecoder } from './decoder.ts';
import { LentCore } from './lent-core.ts';
import { ReferencePeek } from './peek.ts';
import { type ConformanceOptions, type KnownFrame, knownFrames, type RequestSample, type ResponseSample, type Side } from './samples.ts';

const DEFAULT_MAX_FRAME_BYTES = 8 * 1024 * 1024;
/** Unlike bytes before and after a frame in its chunk, so that a codec that reads outside of it is seen. */
const BEFORE = 7;
const BEHIND = 5;

/** The codec under test with its samples, and the ways in which cases hand bytes to it. */
export class Subject {
  readonly options: ConformanceOptions;
  readonly protocol: FrameProtocol;
  readonly known: readonly KnownFrame[];
  readonly maxFrameBytes: number;
  readonly seed: number;
  readonly fuzzRuns: number;

  constructor(options: ConformanceOptions, seed: number, fuzzRuns: number) {
    this.options = options;
    const protocol = options.protocol(new LentCore());
    if ('streams' in protocol)
      throw new TypeError(
        `${protocol.name} brings streams of its own: this suite is for protocols of frames; testStreamCalls() tries its calls`,
      );
    this.protocol = configured(protocol, options.settings);
    this.known = knownFrames(options.samples);
    this.maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
    this.seed = seed;
    this.fuzzRuns = fuzzRuns;
  }

  connection(side: Side): CodecConnection<Frame> {
    return this.protocol.connection({ side, maxFrameBytes: this.maxFrameBytes, dialect: 0 });
  }

  decoder(side: Side): ReferenceDecoder {
    return new ReferenceDecoder(this.connection(side), this.maxFrameBytes);
  }

  /** The frames in `pieces`, received one after the other on a new connection. */
  decode(side: Side, pieces: readonly Buffer[]): Frame[] {
    const decoder = this.decoder(side);
    return pieces.flatMap((piece) => decoder.push(piece));
  }

  /** Exactly one whole frame, in a chunk of its own that the caller may write to. */
  frame(side: Side, bytes: Uint8Array, what: string, poison = 0xa5): Frame {
    const frame = this.front(side, bytes, bytes.length, poison);
    check(frame !== undefined && frame.length === bytes.length, `${what}: ${bytes.length} bytes are not exactly one frame`);
    return frame;
  }

  /** The frame as it looks when only its first `reached` bytes are there; undefined when the codec asks for more. */
  front(side: Side, bytes: Uint8Array, reached: number, poison = 0xa5): Frame | undefined {
    const connection = this.connection(side);
    if (reached < connection.headerBytes) return undefined;
    const chunk = Buffer.alloc(BEFORE + reached + BEHIND, poison);
    chunk.set(bytes.subarray(0, reached), BEFORE);
    const input = new ReferencePeek();
    input.push(chunk.subarray(BEFORE, BEFORE + reached));
    const length = connection.measure(input);
    if (length === undefined) return undefined;
    if (!Number.isSafeInteger(length) || length <= 0) fail(`measure() returned ${length}`);
    const to = BEFORE + Math.min(reached, length);
    const frame = connection.parse(chunk, BEFORE, to, length);
    check(frame !== undefined || length > reached, 'parse() returned undefined for a whole frame');
    return frame;
  }

  request(): readonly RequestSample[] {
    const { request } = this.options.samples;
    if (request.length === 0) throw new NotApplicable('no request sample');
    return request;
  }

  response(): readonly ResponseSample[] {
    const { response } = this.options.samples;
    if (response === undefined || response.length === 0) throw new NotApplicable('no response sample');
    return response;
  }
}

function configured(protocol: FrameProtocol, settings: Readonly<Record<string, string>> | undefined): FrameProtocol {
  if (settings === undefined) return protocol;
  if (protocol.configure === undefined) throw new Error(`${protocol.name} takes no settings`);
  return protocol.configure(new Map(Object.entries(settings)));
}

/** A frame's bytes, copied. */
export function bytesOf(frame: Frame): Buffer {
  return Buffer.from(frame.chunk.subarray(frame.from, frame.to));
}

/** Lets go of a frame's bytes, as core does once they were handed to a socket. */
export function release(frame: Frame): void {
  frame.chunk = Buffer.alloc(0);
  frame.from = 0;
  frame.to = 0;
}
