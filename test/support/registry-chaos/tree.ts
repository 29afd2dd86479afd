import { setTimeout as wait } from 'node:timers/promises';
import { testClient, type ZkClient } from '../registry-kit.ts';

const NO_NODE = -101;
const NODE_EXISTS = -110;
const NOT_EMPTY = -111;
/** Answers that say that what was asked for can never be. */
const FINAL = new Set([NO_NODE, NODE_EXISTS, NOT_EMPTY]);
const AGAIN_MILLISECONDS = 50;
const GIVE_UP_MILLISECONDS = 30_000;
const REGISTRANT = Buffer.from('127.0.0.1');
const AUTH = { user: 'operator', password: 'secret' };

/** A tree as an operator or a provider changes it, who tries again for as long as servers are away. */
export class Tree {
  readonly #open: () => ZkClient;
  #zk: ZkClient;
  #ended = false;

  private constructor(open: () => ZkClient) {
    this.#open = open;
    this.#zk = open();
  }

  /** @param sessionTimeoutMs after which ephemeral nodes go when nobody can be reached */
  static open(address: string, sessionTimeoutMs: number): Tree {
    return new Tree(() => testClient(address, { auth: AUTH, sessionTimeoutMs, connectTimeoutMs: 1000 }).client);
  }

  /** Begins a new session, as a process that is started again: servers that lost their data refuse the former. */
  restart(): void {
    void this.#zk.close();
    this.#zk = this.#open();
  }

  /** Creates a node with what is missing above it, or gives it these data. */
  async put(path: string, data: Buffer = REGISTRANT, ephemeral = false): Promise<void> {
    const code = await this.#outcome(() => this.#zk.create(path, data, { ephemeral }));
    if (code === NODE_EXISTS) {
      if (data !== REGISTRANT) await this.#outcome(() => this.#zk.setData(path, data).then(() => undefined));
    } else if (code === NO_NODE) {
      await this.put(path.slice(0, path.lastIndexOf('/')));
      await this.put(path, data, ephemeral);
    }
  }

  /** Deletes a node and everything below it; resolves when it is gone. `each` is told of every node that is. */
  async remove(path: string, each: (path: string) => void = () => {}): Promise<void> {
    for (;;) {
      for (const name of await this.names(path)) await this.remove(`${path}/${name}`, each);
      if ((await this.#outcome(() => this.#zk.delete(path))) !== NOT_EMPTY) break;
    }
    each(path);
  }

  /** Nobody else may read or change it, or anybody may. */
  async close(path: string, closed: boolean): Promise<void> {
    await this.#outcome(() => this.#zk.setAcl(path, closed ? 'creator' : 'open'));
  }

  /** The same of a node and everything below it, from the top when it is closed and from the bottom when it is opened. */
  async closeAll(path: string, closed: boolean): Promise<void> {
    if (closed) await this.close(path, true);
    for (const name of await this.names(path)) await this.closeAll(`${path}/${name}`, closed);
    if (!closed) await this.close(path, false);
  }

  /** Sorted; none where there is no such node. */
  async names(path: string): Promise<readonly string[]> {
    let names: readonly string[] = [];
    await this.#outcome(async () => {
      names = await this.#zk.getChildren(path, false);
    });
    return [...names].sort();
  }

  async data(path: string): Promise<Buffer | undefined> {
    let data: Buffer | undefined;
    await this.#outcome(async () => {
      data = await this.#zk.getData(path, false);
    });
    return data;
  }

  /** Ends the session: its ephemeral nodes go. */
  end(): Promise<void> {
    this.#ended = true;
    return this.#zk.close();
  }

  /** Of an answer that is no accident: undefined, or what kept it from being done. */
  async #outcome(act: () => Promise<void>): Promise<number | undefined> {
    for (const end = performance.now() + GIVE_UP_MILLISECONDS; ; await wait(AGAIN_MILLISECONDS)) {
      try {
        await act();
        return undefined;
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (typeof code !== 'number' || performance.now() > end || this.#ended) throw error;
        if (FINAL.has(code)) return code;
      }
    }
  }
}
