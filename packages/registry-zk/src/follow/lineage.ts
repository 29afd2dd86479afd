import type { Learnt } from '@polywire/core/spi';
import type { ZkClient } from '../client/client.ts';
import type { Announcement } from './layout.ts';

/** As ZooKeeper's own tools write a session's id. @returns undefined while there is none */
export function sessionOf({ state, sessionId }: Pick<ZkClient, 'state' | 'sessionId'>): string | undefined {
  return state === 'connected' ? `0x${sessionId.toString(16)}` : undefined;
}

/** Says of endpoints in which session, and when, they were read first as they are. */
export class Lineage {
  readonly #client: Pick<ZkClient, 'state' | 'sessionId'>;
  /** What is read at one moment shares one object. */
  #learnt: Learnt = { session: '', at: 0 };

  constructor(client: Pick<ZkClient, 'state' | 'sessionId'>) {
    this.#client = client;
  }

  /** Marks those that are new, in place: what is announced unchanged stays the same object. */
  mark(announcements: readonly Announcement[]): readonly Announcement[] {
    for (const announcement of announcements) {
      if (announcement.endpoint.learnt !== undefined) continue;
      announcement.endpoint = { ...announcement.endpoint, learnt: this.#now() };
    }
    return announcements;
  }

  #now(): Learnt {
    const session = sessionOf(this.#client) ?? this.#learnt.session;
    const at = Date.now();
    if (session !== this.#learnt.session || at !== this.#learnt.at) this.#learnt = { session, at };
    return this.#learnt;
  }
}
