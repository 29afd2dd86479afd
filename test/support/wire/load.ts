import type { Owner } from '../owner.ts';
import { WireCaller } from './caller.ts';
import type { RawWire } from './raw-wire.ts';

/** What became of the calls of a load. Every call is in exactly one of the first three. */
export class Tally {
  /** Right answers by who gave them. */
  readonly answered = new Map<string, number>();
  /** Error answers by status. */
  readonly refused = new Map<string, number>();
  /** Calls whose connection closed before their answer. */
  closed = 0;
  started = 0;
  /** Callers that were told to make no new calls. */
  sentAway = 0;
  /** What must never happen: an answer to another call, a second answer, an answer that nobody asked for, broken framing. */
  readonly wrong: string[] = [];
  /** Texts of error answers, each once. */
  readonly reasons = new Set<string>();
  readonly milliseconds: number[] = [];

  get ok(): number {
    let sum = 0;
    for (const count of this.answered.values()) sum += count;
    return sum;
  }
  get failed(): number {
    let sum = 0;
    for (const count of this.refused.values()) sum += count;
    return sum;
  }
  percentile(share: number): number {
    const sorted = [...this.milliseconds].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }
  toString(): string {
    const pairs = (map: ReadonlyMap<string, number>) => [...map].map(([name, count]) => `${name}: ${count}`).join(', ');
    return (
      `${this.started} calls; answered {${pairs(this.answered)}}, refused {${pairs(this.refused)}}, closed ${this.closed}, ` +
      `p50 ${this.percentile(0.5).toFixed(1)} ms, p99 ${this.percentile(0.99).toFixed(1)} ms, slowest ${this.percentile(1).toFixed(1)} ms, ` +
      `${this.wrong.length} wrong ` +
      `${this.wrong.slice(0, 5).join('; ')} ${[...this.reasons].slice(0, 5).join('; ')}`
    );
  }
}

export interface LoadOptions {
  readonly wire: RawWire;
  readonly port: number;
  readonly callers: number;
  /** Calls that one caller has open at a time. */
  readonly depth: number;
  /** Durations kept, the newest; all when not said. */
  readonly remembered?: number;
  /** Milliseconds between the end of a call and the next; 0 when not said. */
  readonly pauseMs?: number;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Told of every answered call: who answered, and when it began and ended. */
  readonly onAnswer?: (by: string, began: number, ended: number) => void;
  /** Told of every error answer: what it says, and when the call began and ended. */
  readonly onRefusal?: (text: string, began: number, ended: number) => void;
}

/**
 * Callers that call without pause, each with the same ids, so that they collide all the time. Every argument is unique, and comes
 * back with its answer. A caller whose connection closes makes a new one; one that is told to go lets its open
 * calls finish first.
 */
export class Load {
  readonly tally = new Tally();
  readonly #options: LoadOptions;
  readonly #owner: Owner;
  readonly #running: Promise<void>[] = [];
  #stopping = false;

  private constructor(owner: Owner, options: LoadOptions) {
    this.#owner = owner;
    this.#options = options;
    for (let index = 0; index < options.callers; index++) this.#running.push(this.#caller(index));
  }

  static start(owner: Owner, options: LoadOptions): Load {
    const load = new Load(owner, options);
    owner.after(() => {
      load.#stopping = true;
    });
    return load;
  }

  /** Starts no more calls and resolves when every call has ended. */
  async stop(): Promise<Tally> {
    this.#stopping = true;
    await Promise.all(this.#running);
    return this.tally;
  }

  /** Resolves once so many more calls were answered well. */
  async answers(count: number, timeoutMs = 60_000): Promise<void> {
    const goal = this.tally.ok + count;
    const end = performance.now() + timeoutMs;
    while (this.tally.ok < goal) {
      if (performance.now() > end) throw new Error(`${count} answers not within ${timeoutMs} ms: ${this.tally}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #caller(index: number): Promise<void> {
    for (let life = 0; !this.#stopping; life++) {
      const caller = await WireCaller.connect(this.#owner, this.#options.wire, this.#options.port).catch(() => undefined);
      // Nobody listens any more.
      if (caller === undefined) return;
      const lanes = Array.from({ length: this.#options.depth }, (_, lane) => this.#lane(caller, `${index}.${life}.${lane}`));
      await Promise.all(lanes);
      for (const stray of caller.strays) this.tally.wrong.push(`an answer to ${stray.id.toString('hex')} that nobody waited for`);
      if (caller.broken !== undefined) this.tally.wrong.push(caller.broken);
      caller.socket.destroy();
      if (!caller.sentAway) continue;
      this.tally.sentAway++;
      return;
    }
  }

  async #lane(caller: WireCaller, name: string): Promise<void> {
    const { tally } = this;
    const {
      method = 'echo',
      headers = {},
      timeoutMs,
      onAnswer,
      onRefusal,
      pauseMs = 0,
      remembered = Number.POSITIVE_INFINITY,
    } = this.#options;
    for (let turn = 0; !this.#stopping && !caller.closed && !caller.sentAway; turn++) {
      const argument = `${name}.${turn}`;
      const began = performance.now();
      tally.started++;
      const answer = await caller.say(method, argument, timeoutMs === undefined ? { headers } : { headers, timeoutMs });
      const ended = performance.now();
      if (answer.kind === 'closed') {
        tally.closed++;
      } else if (answer.status === 'ok') {
        const [by = '', echoed] = answer.text.split('|');
        if (echoed !== argument) tally.wrong.push(`asked ${argument}, answered ${answer.text}`);
        tally.answered.set(by, (tally.answered.get(by) ?? 0) + 1);
        tally.milliseconds.push(ended - began);
        if (tally.milliseconds.length > remembered * 2) tally.milliseconds.splice(0, remembered);
        onAnswer?.(by, began, ended);
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } else {
        tally.refused.set(answer.status, (tally.refused.get(answer.status) ?? 0) + 1);
        onRefusal?.(answer.text, began, ended);
        tally.reasons.add(`${answer.status}: ${answer.text}`.replace(/\d+ ms/g, 'n ms'));
        // A caller that asks again at once would only measure how fast it is refused.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}

/** Throws unless every call ended in exactly one way and none in a wrong one. */
export function assertAccounted(tally: Tally): void {
  const ended = tally.ok + tally.failed + tally.closed;
  if (tally.wrong.length > 0 || ended !== tally.started) throw new Error(`${ended} of ${tally.started} calls are accounted for: ${tally}`);
}
