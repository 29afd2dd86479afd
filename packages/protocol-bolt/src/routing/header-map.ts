import { type BoltFrame, readInt32 } from '../frame.ts';

/**
 * Walks the headers of a frame, which are at hand, as SOFARPC's SimpleMapSerializer reads them: keys and values by turns, each behind its
 * length; a negative length is null, and a pair with a null in it does not count. Nothing is allocated, and one serves all frames.
 */
export class HeaderMap {
  keyAt = 0;
  keyEnd = 0;
  valueAt = 0;
  valueEnd = 0;
  /** Whether the bytes turned out to be no map: other users of Bolt write headers of their own. */
  broken = false;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** Goes to the first pair. */
  begin(frame: BoltFrame): void {
    this.#chunk = frame.chunk;
    this.#at = frame.from + frame.headersAt;
    this.#end = frame.from + frame.contentAt;
    this.broken = false;
  }

  /** Goes to the next pair without a null; false when there is none. */
  next(): boolean {
    const chunk = this.#chunk;
    const end = this.#end;
    let at = this.#at;
    while (at + 8 <= end) {
      const keyBytes = readInt32(chunk, at);
      const keyAt = at + 4;
      const keyEnd = keyBytes < 0 ? keyAt : keyAt + keyBytes;
      if (keyEnd + 4 > end) break;
      const valueBytes = readInt32(chunk, keyEnd);
      const valueAt = keyEnd + 4;
      const valueEnd = valueBytes < 0 ? valueAt : valueAt + valueBytes;
      if (valueEnd > end) break;
      at = valueEnd;
      if (keyBytes < 0 || valueBytes < 0) continue;
      this.#at = at;
      this.keyAt = keyAt;
      this.keyEnd = keyEnd;
      this.valueAt = valueAt;
      this.valueEnd = valueEnd;
      return true;
    }
    this.#at = at;
    this.broken = at !== end;
    return false;
  }

  /** Whether the key of the pair at hand is `key`. */
  isKey(key: Buffer): boolean {
    const length = key.length;
    if (this.keyEnd - this.keyAt !== length) return false;
    const chunk = this.#chunk;
    // from the end: many keys of SOFARPC begin alike
    for (let i = length - 1, at = this.keyEnd - 1; i >= 0; i--, at--) if (chunk[at] !== key[i]) return false;
    return true;
  }
}
