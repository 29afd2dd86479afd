import { after } from 'node:test';

/** Whoever a started thing belongs to, and ends with: a test context, or a suite through `suiteOwner`. */
export interface Owner {
  after(end: () => void | Promise<void>): void;
}

/**
 * The owner of what a suite's `before` hook starts. To be called in the body of `describe`: an `after` registered inside a
 * hook would run as soon as that hook is done.
 */
export function suiteOwner(): Owner {
  const ends: (() => void | Promise<void>)[] = [];
  after(async () => {
    for (const end of ends.reverse()) await end();
  });
  return { after: (end) => void ends.push(end) };
}
