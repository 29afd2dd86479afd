/** Corrects the checksum behind a frame that is relayed as it arrives: see Integrity.trailerMask. */
export class TrailerPatch {
  readonly #mask: Buffer;
  /** Bytes of the frame still to come. */
  #left: number;

  /** @param left bytes of the frame behind its front, at least as many as the mask has */
  constructor(mask: Buffer, left: number) {
    this.#mask = mask;
    this.#left = left;
  }

  /** The next bytes of the frame, changed in place where they belong to the checksum. */
  apply(chunk: Buffer): void {
    const size = this.#mask.length;
    const first = Math.max(0, this.#left - size);
    const start = this.#left;
    this.#left -= chunk.length;
    for (let i = first; i < chunk.length; i++) chunk[i] = (chunk[i] ?? 0) ^ (this.#mask[size - start + i] ?? 0);
  }
}
