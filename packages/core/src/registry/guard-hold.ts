import type { GuardedService } from './guarded-service.ts';

/** A line for the log. */
export type Say = (level: 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Further losses that join a hold are said together, this long after the first of them. */
const SAY_AGAIN_MS = 1000;

/** What one hold is. */
export interface GuardHoldOptions {
  /** `com.acme.users.dubbo`, or what the registry is called. */
  readonly of: string;
  /** Milliseconds that it lasts. */
  readonly lasts: number;
  /** How many endpoints there were, of all that this is judged by, and how many are left. */
  readonly counts: () => { readonly had: number; readonly left: number };
  readonly say: Say;
  /** Its time is over. */
  readonly onOver: (hold: GuardHold) => void;
}

/** One loss that is not believed yet: of one service, or of many at once. */
export class GuardHold {
  readonly services = new Set<GuardedService>();
  isOver = false;
  /** Endpoints of it whose loss took effect. */
  lost = 0;
  readonly #options: GuardHoldOptions;
  readonly #until: number;
  readonly #timer: NodeJS.Timeout;
  #saying: NodeJS.Timeout | undefined = undefined;
  /** Endpoints kept when it was said last; undefined: it was not. */
  #said: number | undefined = undefined;

  constructor(options: GuardHoldOptions, now: number) {
    this.#options = options;
    this.#until = now + options.lasts;
    this.#timer = setTimeout(() => {
      this.isOver = true;
      options.onOver(this);
    }, options.lasts);
  }

  get kept(): number {
    let kept = 0;
    for (const service of this.services) kept += service.kept;
    return kept;
  }

  begin(): void {
    const { of, counts, say } = this.#options;
    const { had, left } = counts();
    this.#said = this.kept;
    const until = new Date(this.#until).toISOString();
    say('warn', `${of} lost ${had - left} of ${had} endpoints; what vanished stays in force until ${until}, or until it is back`, {
      kept: this.#said,
      services: this.services.size,
    });
  }

  /** More of it vanished, or is about to. */
  grew(): void {
    this.#saying ??= setTimeout(() => {
      this.#saying = undefined;
      if (this.kept > (this.#said ?? 0)) this.begin();
    }, SAY_AGAIN_MS);
  }

  /** Nothing of it is held any more. */
  end(): void {
    this.close();
    const { lost } = this;
    if (lost === 0 && this.#said === undefined) return;
    const { of, say } = this.#options;
    if (lost === 0) say('info', `what ${of} lost is back; nothing of it is held any more`);
    else say('warn', `the time is over for what ${of} lost: ${lost} endpoints go`, { lost });
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#saying);
  }
}
