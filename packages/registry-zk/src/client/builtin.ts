import type { CreateOptions, ZkAcl, ZkClient, ZkClientOptions, ZkListener, ZkState } from './client.ts';
import { NO_NODE, UNIMPLEMENTED, ZkError } from './errors.ts';
import {
  ADD_WATCH_RECURSIVE,
  CREATE_EPHEMERAL,
  CREATE_PERSISTENT,
  OP_ADD_WATCH,
  OP_CREATE,
  OP_DELETE,
  OP_EXISTS,
  OP_GET_CHILDREN_2,
  OP_GET_DATA,
  OP_SET_ACL,
  writeAcl,
} from './records.ts';
import { ZkSession } from './session.ts';

const ANY_VERSION = -1;

/** The client of this package: TypeScript all the way down, no native code. */
export class BuiltinZkClient implements ZkClient {
  readonly #session: ZkSession;

  /** @throws Error when the address is malformed */
  constructor(options: ZkClientOptions, listener: ZkListener) {
    this.#session = new ZkSession(options, listener);
  }

  get state(): ZkState {
    return this.#session.state;
  }

  connect(): void {
    this.#session.connect();
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  getChildren(path: string, watch: boolean): Promise<readonly string[]> {
    const full = this.#full(path);
    return this.#session.request({
      op: OP_GET_CHILDREN_2,
      path,
      write: (writer) => writer.string(full).bool(watch),
      read: (reader) => reader.strings(),
      answered: (code) => watch && code === 0 && this.#session.watches.child.add(full),
    });
  }

  getData(path: string, watch: boolean): Promise<Buffer> {
    const full = this.#full(path);
    return this.#session.request({
      op: OP_GET_DATA,
      path,
      write: (writer) => writer.string(full).bool(watch),
      // copied: the packet is a view of what the socket read
      read: (reader) => Buffer.from(reader.buffer()),
      answered: (code) => watch && code === 0 && this.#session.watches.data.add(full),
    });
  }

  exists(path: string, watch: boolean): Promise<boolean> {
    const full = this.#full(path);
    const { watches } = this.#session;
    return this.#session.request<boolean>({
      op: OP_EXISTS,
      path,
      write: (writer) => writer.string(full).bool(watch),
      read: () => true,
      recover: (code) => (code === NO_NODE ? false : undefined),
      answered(code) {
        if (!watch) return;
        if (code === 0) watches.data.add(full);
        else if (code === NO_NODE) watches.exist.add(full);
      },
    });
  }

  create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<void> {
    return this.#session.request<void>({
      op: OP_CREATE,
      path,
      write: (writer) => {
        writer.string(this.#full(path)).buffer(data);
        writeAcl(writer, options.acl ?? 'open');
        writer.int(options.ephemeral === true ? CREATE_EPHEMERAL : CREATE_PERSISTENT);
      },
      read: () => undefined,
    });
  }

  setAcl(path: string, acl: ZkAcl): Promise<void> {
    return this.#session.request<void>({
      op: OP_SET_ACL,
      path,
      write: (writer) => {
        writer.string(this.#full(path));
        writeAcl(writer, acl);
        writer.int(ANY_VERSION);
      },
      read: () => undefined,
    });
  }

  delete(path: string): Promise<void> {
    return this.#session.request<void>({
      op: OP_DELETE,
      path,
      write: (writer) => writer.string(this.#full(path)).int(ANY_VERSION),
      read: () => undefined,
    });
  }

  addRecursiveWatch(path: string): Promise<void> {
    if (!this.#session.recursiveWatches) return Promise.reject(new ZkError(UNIMPLEMENTED, path, 'the server is older than 3.6'));
    const full = this.#full(path);
    return this.#session.request<void>({
      op: OP_ADD_WATCH,
      path,
      write: (writer) => writer.string(full).int(ADD_WATCH_RECURSIVE),
      read: () => undefined,
      answered: (code) => {
        if (code === 0) this.#session.watches.recursive.add(full);
        else if (code === UNIMPLEMENTED) this.#session.recursiveWatches = false;
      },
    });
  }

  #full(path: string): string {
    return path === '/' && this.#session.chroot !== '' ? this.#session.chroot : this.#session.chroot + path;
  }
}
