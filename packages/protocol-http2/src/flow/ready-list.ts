/** What a ready list keeps. Its links live in the stream, so that waiting allocates nothing. */
export interface Ready<S> {
  /** The list's alone, as the next two. */
  nextReady: S | undefined;
  previousReady: S | undefined;
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
    stream.previousReady = this.#last;
    this.#last = stream;
    this.size++;
  }
  /** It waits no longer. Nothing when it is not there. */
  delete(stream: S): void {
    if (!stream.isReady) return;
    const { previousReady: previous, nextReady: next } = stream;
    if (previous === undefined) this.#first = next;
    else previous.nextReady = next;
    if (next === undefined) this.#last = previous;
    else next.previousReady = previous;
    stream.nextReady = undefined;
    stream.previousReady = undefined;
    stream.isReady = false;
    this.size--;
  }

  /** Whose turn it is. */
  shift(): S | undefined {
    const stream = this.#first;
    if (stream !== undefined) this.delete(stream);
    return stream;
  }
}
