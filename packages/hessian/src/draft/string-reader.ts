import { Cursor } from '../cursor.ts';

/** Reads strings of the Hessian 2.0 draft in place: short ones, 'S', and chunks 's' in front of either; 'X' and 'x' (XML) are alike. */
export class DraftStringReader extends Cursor {
  /** Moves behind a string. */
  skipString(): boolean {
    const b = this.chunk;
    const start = this.at;
    for (;;) {
      const at = this.at;
      if (at >= this.end) return false;
      const tag = b[at]!;
      if (!isDraftString(tag)) return this.bad();
      const head = tag < 0x20 ? 1 : 3;
      if (at + head > this.end) return false;
      this.at = at + head;
      if (!this.skipUnits(head === 1 ? tag : (b[at + 1]! << 8) | b[at + 2]!)) return false;
      if (tag > 0x60) continue;
      if (at !== start) this.plain = false;
      if (!this.plain) this.from = start;
      this.start = start;
      return true;
    }
  }

  /** Moves behind `units` UTF-16 units of text without a tag. After it, `plain` and `from` are as for a string. */
  protected skipUnits(units: number): boolean {
    const b = this.chunk;
    this.from = this.at;
    const stop = this.at + units;
    this.plain = false;
    if (stop > this.end) return this.skipWide(units);
    let bits = 0;
    for (let at = this.at; at < stop; at++) bits |= b[at]!;
    if (bits >= 0x80) return this.skipWide(units);
    this.at = stop;
    this.plain = true;
    return true;
  }
}

/** Whether a string, or a chunk of one, begins with `tag`. */
export function isDraftString(tag: number): boolean {
  return tag < 0x20 ? tag >= 0 : tag === 0x53 || tag === 0x73 || tag === 0x58 || tag === 0x78;
}
