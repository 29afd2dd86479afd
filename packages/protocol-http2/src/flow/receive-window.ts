import { FIRST_WINDOW } from '../frame.ts';

/** What a peer may still send: all that it is given comes from here, so no byte is granted twice. */
export class ReceiveWindow {
  /** May fall below 0 when SETTINGS made it smaller, but never by what came. */
  left: number = FIRST_WINDOW;
  /** Taken and not given back. */
  unreturned = 0;
  /** Given back when so much is, or none is left: a frame for each byte would be a flood of its own. */
  readonly #batch: number;

  /** @param target bytes that the window has once the peer knows of it */
  constructor(target: number) {
    this.#batch = Math.max(1, target >> 1);
  }

  /** False: the peer sent more than it was given. */
  take(bytes: number): boolean {
    this.left -= bytes;
    return this.left >= 0;
  }
  /** What WINDOW_UPDATE is to say; 0: nothing now. */
  giveBack(): number {
    const increment = this.unreturned;
    if (increment < this.#batch) return 0;
    this.unreturned = 0;
    this.left += increment;
    return increment;
  }
}
