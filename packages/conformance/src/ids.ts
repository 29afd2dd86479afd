import type { Frame, Multiplexing, NewFront } from '@polywire/core/spi';
import { calling, check, NotApplicable } from './case.ts';
import type { Side } from './samples.ts';
import { bytesOf, type Subject } from './subject.ts';

/** A frame's bytes after an id was written, whichever of the two ways the codec took. */
export function rewritten(frame: Frame, front: NewFront | undefined, what: string): Buffer {
  if (front === undefined) return bytesOf(frame);
  const bytes = bytesOf(frame);
  check(
    Number.isInteger(front.replaces) && front.replaces >= 0 && front.replaces <= bytes.length,
    `${what}: a new front replaces ${front.replaces} bytes of ${bytes.length}`,
  );
  return Buffer.concat([front.front, bytes.subarray(front.replaces)]);
}

/** Level 2 as a few operations on bytes. */
export class Ids {
  readonly #subject: Subject;
  readonly facet: Multiplexing<Frame>;

  constructor(subject: Subject) {
    const { multiplexing } = subject.protocol;
    if (multiplexing === undefined) throw new NotApplicable('the protocol has no multiplexing facet');
    this.#subject = subject;
    this.facet = multiplexing;
  }

  /** Ids at the edges of every width, up to the codec's largest. */
  get interesting(): number[] {
    const { maxId } = this.facet;
    const edges = [1, 2, 127, 128, 255, 256, 16_383, 16_384, 32_767, 65_535, 65_536, 0x1234_5678, 0x5555_5555, maxId - 1, maxId];
    return [...new Set(edges.filter((id) => id >= 1 && id <= maxId))];
  }

  /** The request's bytes with core's id in them. */
  assign(bytes: Uint8Array, id: number, what: string, side: Side = 'downstream'): Buffer {
    const frame = this.#subject.frame(side, bytes, what);
    const { chunk, from, to } = frame;
    const around = [Buffer.from(chunk.subarray(0, from)), Buffer.from(chunk.subarray(to))];
    const front = calling(`${what}: assignId(${id})`, () => this.facet.assignId(frame, id));
    const untouched = around[0]?.equals(chunk.subarray(0, from)) === true && around[1]?.equals(chunk.subarray(to)) === true;
    check(untouched, `${what}: assignId(${id}) wrote outside of the frame`);
    return rewritten(frame, front, what);
  }

  /** The response's bytes with the id of `request` in them. */
  restore(bytes: Uint8Array, request: Frame, what: string, side: Side = 'upstream'): Buffer {
    const response = this.#subject.frame(side, bytes, what);
    const front = calling(`${what}: restoreId()`, () => this.facet.restoreId(response, request));
    return rewritten(response, front, what);
  }

  /** A response that answers the request whose bytes are given: any response, with that request's id written into it. */
  answer(response: Uint8Array, request: Uint8Array, what: string): Buffer {
    return this.restore(response, this.#subject.frame('downstream', request, what), what);
  }

  /** The id core would find in a response. */
  assigned(bytes: Uint8Array, what: string): number | undefined {
    const frame = this.#subject.frame('upstream', bytes, what);
    const id = calling(`${what}: assignedId()`, () => this.facet.assignedId(frame));
    const legal = id === undefined || (Number.isInteger(id) && id >= 1 && id <= this.facet.maxId);
    check(legal, `${what}: assignedId() is ${id}, which core cannot have assigned (1 to ${this.facet.maxId}, else undefined)`);
    return id;
  }
}
