import type { Transport } from '../transport/transport.ts';

interface Held {
  readonly owner: object;
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
  readonly #held: Held[] = [];
  /** Whose answer is being written. */
  #active: object;

  constructor(transport: Transport, first: object) {
    this.#transport = transport;
    this.#active = first;
  }

  /** Somebody's pieces are held. */
  get waiting(): boolean {
    return this.#held.length > 0;
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
    let held = this.#held.find((item) => item.owner === owner);
    if (held === undefined) {
      held = { owner, pieces: [], ended: false };
      this.#held.push(held);
    }
    held.pieces.push(piece);
    held.ended = end;
    this.heldBytes += piece.length;
    return false;
  }

  #advance(): boolean {
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      for (const piece of next.pieces) {
        this.heldBytes -= piece.length;
        this.#transport.write(piece);
      }
      if (!next.ended) {
        this.#active = next.owner;
        return false;
      }
    }
    return true;
  }
}
