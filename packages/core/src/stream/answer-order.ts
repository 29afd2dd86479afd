import type { Transport } from '../transport/transport.ts';

interface Held {
  readonly pieces: Buffer[];
  ended: boolean;
}

/**
 * The order of answers on a caller's connection while a large one is relayed: nothing may come between its pieces, so every other answer
 * waits behind it. Exists only while it is needed.
 */
export class AnswerOrder {
  /** Bytes that wait. */
  heldBytes = 0;
  readonly #transport: Transport;
  /** By whose answer it is, in the order of their beginnings. */
  readonly #held = new Map<object, Held>();
  /** Whose answer is being written. */
  #active: object;

  constructor(transport: Transport, first: object) {
    this.#transport = transport;
    this.#active = first;
  }

  /** Somebody's pieces are held. */
  get waiting(): boolean {
    return this.#held.size > 0;
  }

  /** Whether `owner`'s pieces go straight to the connection. */
  isActive(owner: object): boolean {
    return owner === this.#active;
  }

  /** Writes or keeps a piece. True when nothing is being relayed any more. */
  write(owner: object, piece: Buffer, end: boolean): boolean {
    if (owner === this.#active) {
      this.#transport.write(piece);
      return end && this.#advance();
    }
    let held = this.#held.get(owner);
    if (held === undefined) {
      held = { pieces: [], ended: false };
      this.#held.set(owner, held);
    }
    held.pieces.push(piece);
    held.ended = end;
    this.heldBytes += piece.length;
    return false;
  }

  #advance(): boolean {
    for (const [owner, next] of this.#held) {
      this.#held.delete(owner);
      for (const piece of next.pieces) {
        this.heldBytes -= piece.length;
        this.#transport.write(piece);
      }
      if (!next.ended) {
        this.#active = owner;
        return false;
      }
    }
    return true;
  }
}
