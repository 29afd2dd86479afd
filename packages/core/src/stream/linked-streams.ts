/** What a list of streams links by: the list's alone, undefined outside of it. */
export interface Linked<S> {
  next: S | undefined;
  previous: S | undefined;
}

/** The open streams of a connection, so that they can be told when it goes. Entering and leaving allocate nothing. */
export class LinkedStreams<S extends Linked<S>> {
  #first: S | undefined = undefined;

  enter(stream: S): void {
    const first = this.#first;
    stream.next = first;
    if (first !== undefined) first.previous = stream;
    this.#first = stream;
  }
  /** Idempotent. */
  leave(stream: S): void {
    const { next, previous } = stream;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === stream) this.#first = next;
    stream.next = undefined;
    stream.previous = undefined;
  }
  /** Copied: telling one may end others. */
  all(): S[] {
    const streams: S[] = [];
    for (let stream = this.#first; stream !== undefined; stream = stream.next) streams.push(stream);
    return streams;
  }
}
