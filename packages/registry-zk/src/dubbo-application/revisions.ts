import { CONNECTION_LOSS, hasCode } from '../client/errors.ts';
import type { ApplicationInstance } from './instance.ts';
import type { ExportedService, MetadataAnswer, MetadataSource } from './metadata.ts';

/** What is known of a revision. */
export type RevisionState =
  | { readonly kind: 'known'; readonly services: readonly ExportedService[] }
  | {
      readonly kind: 'unknown';
      /** What its instances said; undefined: none was asked, or none has answered yet. */
      readonly answer: Exclude<MetadataAnswer, { kind: 'known' }> | undefined;
      /** Why ZooKeeper could not be asked. */
      readonly failure: Error | undefined;
      /** Settles when more is known, or when that takes long; never rejects. */
      readonly pending: Promise<void> | undefined;
      /** Settles when more may be known; never rejects. */
      readonly later: Promise<void> | undefined;
    };

/** Of instances that could not say: the first pause before they are asked again, in ms. Each is twice as long as the one before. */
const FIRST_PAUSE_MS = 1000;

/** How revisions are asked for. */
export interface RevisionsOptions {
  readonly application: string;
  readonly source: MetadataSource;
  /** How long an instance is not asked again, in ms, at the longest. */
  readonly retryMs: number;
  /** How long a question may hold up everything else, in ms. */
  readonly patienceMs: number;
}

/** The revisions of one application: each is asked for once, of one instance after another until one knows it. */
export class Revisions {
  readonly #options: RevisionsOptions;
  readonly #questions = new Map<string, Question>();

  constructor(options: RevisionsOptions) {
    this.#options = options;
  }

  /** @param instances those that have it now, at least one */
  get(revision: string, instances: readonly ApplicationInstance[]): RevisionState {
    let question = this.#questions.get(revision);
    if (question === undefined) {
      question = new Question(revision, this.#options);
      this.#questions.set(revision, question);
    }
    return question.ask(instances);
  }

  /** Forgets all others. */
  retain(revisions: ReadonlySet<string>): void {
    for (const [revision, question] of this.#questions) {
      if (revisions.has(revision)) continue;
      question.giveUp();
      this.#questions.delete(revision);
    }
  }
}

/** One revision. */
class Question {
  readonly #revision: string;
  readonly #options: RevisionsOptions;
  #instances: readonly ApplicationInstance[] = [];
  /** When each was asked. */
  readonly #asked = new WeakMap<ApplicationInstance, number>();
  #services: readonly ExportedService[] | undefined;
  #answer: Exclude<MetadataAnswer, { kind: 'known' }> | undefined;
  #failure: Error | undefined;
  #running: Promise<void> | undefined;
  #pending: Promise<void> | undefined;
  /** Until they are asked again. */
  #pause: Promise<void> | undefined;
  #pauseMs: number;
  #rounds = 0;

  constructor(revision: string, options: RevisionsOptions) {
    this.#revision = revision;
    this.#options = options;
    this.#pauseMs = options.retryMs;
  }

  ask(instances: readonly ApplicationInstance[]): RevisionState {
    this.#instances = instances;
    if (this.#services !== undefined) return { kind: 'known', services: this.#services };
    if (this.#running === undefined && this.#due() !== undefined) this.#start();
    const later = this.#running ?? this.#pause;
    return { kind: 'unknown', answer: this.#answer, failure: this.#failure, pending: this.#pending, later };
  }

  /** Nobody wants to know any more. */
  giveUp(): void {
    this.#instances = [];
  }

  #start(): void {
    this.#pause = undefined;
    this.#running = this.#run().finally(() => this.#ended());
    // What was asked before holds nothing up: everything was current without it.
    if (this.#answer !== undefined) return;
    this.#pending = Promise.race([this.#running, elapsed(this.#options.patienceMs)]).then(() => {
      this.#pending = undefined;
    });
  }

  #ended(): void {
    this.#running = undefined;
    this.#pending = undefined;
    const { retryMs } = this.#options;
    if (this.#answer?.kind !== 'silent') {
      this.#pauseMs = retryMs;
      return;
    }
    this.#pauseMs = this.#rounds === 0 ? Math.min(FIRST_PAUSE_MS, retryMs) : Math.min(this.#pauseMs * 2, retryMs);
    this.#rounds++;
    this.#pause = elapsed(this.#pauseMs);
  }

  async #run(): Promise<void> {
    let failure: Error | undefined;
    for (let instance = this.#due(); instance !== undefined; instance = this.#due()) {
      this.#asked.set(instance, performance.now());
      try {
        const answer = await this.#options.source.get(this.#options.application, this.#revision, instance);
        this.#failure = undefined;
        if (answer.kind === 'known') {
          this.#services = answer.services;
          return;
        }
        this.#answer = answer;
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        // Nobody was asked, and nothing is wrong with what was read: with the next connection somebody is.
        if (hasCode(error, CONNECTION_LOSS)) {
          failure = undefined;
          this.#asked.delete(instance);
          break;
        }
      }
    }
    this.#failure = failure;
  }

  /** One that was not asked yet, else one that was long ago. */
  #due(): ApplicationInstance | undefined {
    const before = performance.now() - this.#pauseMs;
    const at = (instance: ApplicationInstance): number => this.#asked.get(instance) ?? Number.NEGATIVE_INFINITY;
    const fresh = this.#instances.find((instance) => !this.#asked.has(instance));
    return fresh ?? this.#instances.find((instance) => at(instance) <= before);
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
