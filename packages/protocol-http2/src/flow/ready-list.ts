/** What a ready list keeps. Its link lives in the stream, so that waiting allocates nothing. */
export interface Ready<S> {
  /** The list's alone, as the next. */
  nextReady: S | undefined;
  isReady: boolean;
}

/** Streams that take turns. */
export class ReadyList<S extends Ready<S>> {
  size = 0;
  #first: S | undefined = undefined;
  #last: S | undefined = undefined;

  /** Last in the row; nothing when it is there already. */
  add(stream: S): void {
    if (stream.isReady) return;
    stream.isReady = true;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.nextReady = stream;
    this.#last = stream;
    this.size++;
  }

  /** Whose turn it is. */
  shift(): S | undefined {
    const stream = this.#first;
    if (stream === undefined) return undefined;
    this.#first = stream.nextReady;
    if (this.#first === undefined) this.#last = undefined;
    stream.nextReady = undefined;
    stream.isReady = false;
    this.size--;
    return stream;
  }
}
