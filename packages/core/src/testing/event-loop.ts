/** Keeps the event loop busy, as work does. */
export function works(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    // works
  }
}

/** Counts turns of the event loop until it is ended. */
export function turns(): { readonly count: number; end(): void } {
  let count = 0;
  const turn = (): void => {
    count++;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  return {
    get count() {
      return count;
    },
    end: () => clearImmediate(immediate),
  };
}

/** Resolves in the first turn in which it is so. */
export async function turnUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}
