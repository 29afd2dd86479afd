const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Walks JSON text in place, leniently: it finds where values end, and leaves it to the receiver to refuse what is not JSON. */
export class JsonWalker {
  at = 0;
  /** Text of the last string, without its quotes: [from, to). */
  from = 0;
  to = 0;
  /** The bytes [from, to) are ASCII without escapes. */
  plain = false;
  protected chunk: Buffer = Buffer.alloc(0);
  /** Where the item ends; it is whole. */
  protected itemEnd = 0;

  /** The next byte that is no white space; -1 when there is none. */
  peek(): number {
    const { chunk, itemEnd } = this;
    while (this.at < itemEnd && chunk[this.at]! <= 0x20) this.at++;
    return this.at < itemEnd ? chunk[this.at]! : -1;
  }

  /** Moves behind the given byte. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** Moves behind a string. */
  string(): boolean {
    if (!this.take(QUOTE)) return false;
    const { chunk, itemEnd } = this;
    this.from = this.at;
    this.plain = true;
    for (let at = this.at; at < itemEnd; at++) {
      const byte = chunk[at]!;
      if (byte === QUOTE) {
        this.to = at;
        this.at = at + 1;
        return true;
      }
      if (byte === BACKSLASH) at++;
      if (byte >= 0x80 || byte === BACKSLASH) this.plain = false;
    }
    return false;
  }

  /** Text of the last string; as it was written when its escapes are none of JSON's. */
  decode(): string {
    const text = this.chunk.toString('utf8', this.from, this.to);
    if (!text.includes('\\')) return text;
    try {
      const value: unknown = JSON.parse(`"${text}"`);
      return typeof value === 'string' ? value : text;
    } catch {
      return text;
    }
  }

  /** Moves behind any value. Brackets are counted, whatever their kind, so that depth costs nothing. */
  skip(): boolean {
    let depth = 0;
    for (;;) {
      const byte = this.peek();
      if (byte < 0) return false;
      if (byte === QUOTE) {
        if (!this.string()) return false;
      } else if (byte === 0x7b || byte === 0x5b) {
        depth++;
        this.at++;
      } else if (byte === 0x7d || byte === 0x5d) {
        if (--depth < 0) return false;
        this.at++;
      } else if (byte === 0x2c || byte === 0x3a) {
        if (depth === 0) return false;
        this.at++;
        continue;
      } else {
        this.word();
      }
      if (depth === 0) return true;
    }
  }

  /** Moves behind a number or a name such as true and answers it. */
  word(): string {
    const { chunk, itemEnd } = this;
    const start = this.at;
    while (this.at < itemEnd && !isEndOfWord(chunk[this.at]!)) this.at++;
    return chunk.toString('latin1', start, this.at);
  }
}

function isEndOfWord(byte: number): boolean {
  return (
    byte <= 0x20 || byte === 0x2c || byte === 0x3a || byte === 0x5d || byte === 0x7d || byte === 0x5b || byte === 0x7b || byte === QUOTE
  );
}
