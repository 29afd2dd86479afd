import { ConnectionError, ENHANCE_YOUR_CALM } from './frame.ts';

/** A header block that comes in several frames: RFC 9113, section 4.3. */
export class HeaderAssembly {
  readonly id: number;
  readonly end: boolean;
  /** Its stream is to depend on itself. */
  readonly selfDependent: boolean;
  readonly #mostBytes: number;
  readonly #fragments: Buffer[] = [];
  #bytes = 0;

  constructor(id: number, end: boolean, selfDependent: boolean, mostBytes: number) {
    this.id = id;
    this.end = end;
    this.selfDependent = selfDependent;
    this.#mostBytes = mostBytes;
  }

  /** @throws ConnectionError when it is too much to keep */
  add(chunk: Buffer, from: number, to: number): void {
    this.#bytes += to - from;
    // A list of that many octets fits into fewer, unless it is padded with what means nothing.
    if (this.#bytes > this.#mostBytes) {
      throw new ConnectionError(ENHANCE_YOUR_CALM, `a header block of more than ${this.#mostBytes} bytes (max-header-list)`);
    }
    if (to > from) this.#fragments.push(Buffer.from(chunk.subarray(from, to)));
  }

  whole(): Buffer {
    return Buffer.concat(this.#fragments, this.#bytes);
  }
}
