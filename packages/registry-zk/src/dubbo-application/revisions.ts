import { CONNECTION_LOSS, hasCode } from '../client/errors.ts';
import type { ApplicationInstance } from './instance.ts';
import type { ExportedService, MetadataSource } from './metadata.ts';

/** What is known of a revision. */
export type RevisionState =
  | { readonly kind: 'known'; readonly services: readonly ExportedService[] }
  /** Settles when more is known; never rejects. */
  | { readonly kind: 'pending'; readonly settled: Promise<void> }
  /** The source does not have it. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly error: Error };

interface Attempt {
  readonly at: number;
  state: RevisionState;
}

/** The revisions of one application: each is asked for once, and one that was not there again with each new instance and after a time. */
export class Revisions {
  readonly #application: string;
  readonly #source: MetadataSource;
  readonly #retryMs: number;
  readonly #known = new Map<string, RevisionState>();
  /** Questions that are under way, or had no answer. */
  readonly #attempts = new WeakMap<ApplicationInstance, Attempt>();

  /** @param retryMs how long an instance is not asked for again */
  constructor(application: string, source: MetadataSource, retryMs: number) {
    this.#application = application;
    this.#source = source;
    this.#retryMs = retryMs;
  }

  get(revision: string, instance: ApplicationInstance): RevisionState {
    const known = this.#known.get(revision);
    if (known !== undefined) return known;
    const former = this.#attempts.get(instance);
    if (former !== undefined && (former.state.kind === 'pending' || performance.now() - former.at < this.#retryMs)) return former.state;
    const attempt: Attempt = { at: performance.now(), state: { kind: 'absent' } };
    this.#attempts.set(instance, attempt);
    attempt.state = { kind: 'pending', settled: this.#ask(revision, instance, attempt) };
    return attempt.state;
  }

  /** Forgets all others. */
  retain(revisions: ReadonlySet<string>): void {
    for (const revision of this.#known.keys()) if (!revisions.has(revision)) this.#known.delete(revision);
  }

  async #ask(revision: string, instance: ApplicationInstance, attempt: Attempt): Promise<void> {
    try {
      const services = await this.#source.get(this.#application, revision, instance);
      if (services === undefined) attempt.state = { kind: 'absent' };
      else this.#known.set(revision, { kind: 'known', services });
    } catch (error) {
      attempt.state = { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
      // Nobody was asked: with the next connection somebody is.
      if (hasCode(error, CONNECTION_LOSS)) this.#attempts.delete(instance);
    }
  }
}
