/** The service with a provider that leaves only when all disks are lost: at any other time, no call of it is refused. */
export class Steady {
  /** Calls that were refused while its provider was there. */
  readonly refused: string[] = [];
  #awaySince: number | undefined;
  #backSince = 0;

  leaves(): void {
    this.#awaySince = performance.now();
  }

  /** The proxy knows its provider again. */
  returns(): void {
    this.#awaySince = undefined;
    this.#backSince = performance.now();
  }

  /** For `Load`: told of every refused call. */
  readonly onRefusal = (text: string, began: number): void => {
    if (this.#awaySince === undefined && began >= this.#backSince) this.refused.push(text);
  };
}
