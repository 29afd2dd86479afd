import { setTimeout as wait } from 'node:timers/promises';
import { describe } from './lines.mjs';

const PATIENCE_MILLISECONDS = 12_000;
const KEPT_SAMPLES = 5;
let runs = 0;

/**
 * Many calls at once, every one accounted for: answered (by whom), failed (how), answered with another call's token
 * (`mixed`) or never ended (`lost`). Each thread has a connection of its own.
 */
export class Load {
  #open;
  #command;
  #run = `load${++runs}-`;
  #started = 0;
  #ended = 0;
  #mixed = 0;
  #byProvider = {};
  #failures = {};
  #samples = [];
  #stopped = false;

  constructor(open, command) {
    this.#open = open;
    this.#command = command;
  }

  stop() {
    this.#stopped = true;
  }

  async run() {
    const { threads = 4, milliseconds = 30_000 } = this.#command;
    const start = performance.now();
    const end = start + milliseconds;
    const work = Array.from({ length: threads }, () => this.#work(end));
    const patience = new AbortController();
    const late = wait(milliseconds + PATIENCE_MILLISECONDS, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([Promise.all(work), late]);
    patience.abort();
    return {
      calls: this.#started,
      lost: this.#started - this.#ended,
      mixed: this.#mixed,
      byProvider: this.#byProvider,
      failures: this.#failures,
      samples: this.#samples,
      milliseconds: Math.round(performance.now() - start),
    };
  }

  async #work(end) {
    const { calls = Number.MAX_SAFE_INTEGER, pause = 0 } = this.#command;
    let connection;
    while (!this.#stopped && performance.now() < end && this.#started < calls) {
      const token = `${this.#run}${this.#started++}`;
      try {
        connection ??= await this.#open();
        await this.#one(connection, token);
      } catch (failure) {
        connection = this.#failed(connection, failure);
      }
      this.#ended++;
      if (pause > 0) await wait(pause);
    }
    connection?.close();
  }

  async #one(connection, token) {
    const { slow = 0, headers } = this.#command;
    const { value } = await connection.call(slow > 0 ? 'slow' : 'who', slow > 0 ? [slow, token] : [token], headers);
    if (value.token !== token) this.#mixed++;
    this.#byProvider[value.provider] = (this.#byProvider[value.provider] ?? 0) + 1;
  }

  /** What to go on with: a connection that failed is not fit for another call, one that answered is. */
  #failed(connection, failure) {
    const { class: name, message, type } = describe(failure);
    const kind = type === undefined ? name : `${name}/${type}`;
    this.#failures[kind] = (this.#failures[kind] ?? 0) + 1;
    if (this.#samples.length < KEPT_SAMPLES) this.#samples.push(message);
    if (name === 'TApplicationException') return connection;
    connection?.close();
    return undefined;
  }
}
