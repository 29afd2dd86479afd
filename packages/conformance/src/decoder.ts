import { type CodecConnection, CodecError, type Frame } from '@polywire/core/spi';
import { ReferencePeek } from './peek.ts';

/**
 * The decode loop as the SPI words it, with no thought for speed: an independent reading against which codecs, and core's own loop, can be
 * checked. It gives out whole frames only.
 */
export class ReferenceDecoder {
  readonly #connection: CodecConnection<Frame>;
  readonly #maxFrameBytes: number;
  readonly #input = new ReferencePeek();
  #length: number | undefined = undefined;

  constructor(connection: CodecConnection<Frame>, maxFrameBytes: number) {
    this.#connection = connection;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes received and not yet part of a frame. */
  get pending(): number {
    return this.#input.available;
  }

  /** Bytes that the codec looked at so far. */
  get looked(): number {
    return this.#input.looked;
  }

  /**
   * The frames that `chunk` completed.
   * @throws CodecError when the connection has to be closed; another Error when the codec broke the SPI's rules
   */
  push(chunk: Buffer): Frame[] {
    this.#input.push(chunk);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    const { available } = this.#input;
    if (available === 0 || available < this.#connection.headerBytes) return undefined;
    this.#length ??= this.#measure();
    if ((this.#length ?? available) > this.#maxFrameBytes) throw new CodecError('frame_too_large', 'a frame is longer than maxFrameBytes');
    if (this.#length === undefined || this.#length > available) return undefined;
    const length = this.#length;
    this.#length = undefined;
    const { chunk, from, to } = this.#input.take(length);
    const frame = this.#connection.parse(chunk, from, to, length);
    if (frame === undefined) throw new Error('parse() returned undefined for a whole frame');
    if (frame.chunk !== chunk || frame.from !== from || frame.to !== to || frame.length !== length) {
      throw new Error(`parse() of [${from}, ${to}) returned a frame of [${frame.from}, ${frame.to}) with length ${frame.length}`);
    }
    return frame;
  }

  #measure(): number | undefined {
    this.#input.begin();
    const length = this.#connection.measure(this.#input);
    if (length !== undefined && (!Number.isSafeInteger(length) || length <= 0)) throw new Error(`measure() returned ${length}`);
    return length;
  }
}
