import type { PublishedService } from '@polywire/core/spi';

/** What Polywire registers in one layout. Its parts are settled one by one, by whoever knows when there is a connection. */
export interface PublishedTree {
  /**
   * @param service undefined: it is to go
   * @returns the parts that have to be settled for it
   */
  want(key: string, service: PublishedService | undefined): readonly string[];
  /** The parts that this service stands by. */
  partsOf(key: string, service: PublishedService): readonly string[];
  /** Where it stands. */
  placeOf(service: PublishedService): string;
  /** What stood went with its session. */
  newSession(): void;
  /**
   * Brings a part to where it should be, whatever is there.
   * @returns false when nothing is left of it
   */
  settle(part: string): Promise<boolean>;
}
