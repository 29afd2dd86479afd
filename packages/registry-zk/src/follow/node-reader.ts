import type { ZkClient } from '../client/client.ts';
import { hasCode, NO_NODE } from '../client/errors.ts';
import type { ReadLimit } from './read-limit.ts';

/** Reads nodes, a bounded number at a time, and leaves one-shot watches behind where no recursive watch is. */
export class NodeReader {
  readonly #client: ZkClient;
  readonly #limit: ReadLimit;

  constructor(client: ZkClient, limit: ReadLimit) {
    this.#client = client;
    this.#limit = limit;
  }

  /** undefined: no such node; a one-shot watch is left behind either way. */
  async names(path: string, watch: boolean): Promise<readonly string[] | undefined> {
    for (;;) {
      try {
        return await this.#limit.run(() => this.#client.getChildren(path, watch));
      } catch (error) {
        if (!hasCode(error, NO_NODE)) throw error;
      }
      if (!watch || !(await this.#limit.run(() => this.#client.exists(path, true)))) return undefined;
    }
  }

  /**
   * The children's data, by name. A child that is gone meanwhile is left out: an event tells of it.
   * @param known data that need not be read
   */
  async data(
    path: string,
    names: readonly string[],
    known: (name: string) => Buffer | undefined,
    watch: boolean,
  ): Promise<Map<string, Buffer>> {
    const data = await Promise.all(names.map((name) => known(name) ?? this.#data(`${path}/${name}`, watch)));
    const children = new Map<string, Buffer>();
    names.forEach((name, index) => {
      const bytes = data[index];
      if (bytes !== undefined) children.set(name, bytes);
    });
    return children;
  }

  async #data(path: string, watch: boolean): Promise<Buffer | undefined> {
    try {
      return await this.#limit.run(() => this.#client.getData(path, watch));
    } catch (error) {
      if (hasCode(error, NO_NODE)) return undefined;
      throw error;
    }
  }
}
