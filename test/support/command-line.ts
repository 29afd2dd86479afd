import type { LineProcess } from './line-process.ts';

/** A command that failed in the peer, mostly a call. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly className: string;
  /** Of a Dubbo peer: name of the RpcException's code (`TIMEOUT`, `NETWORK`, ...), if it was one. */
  readonly code: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(peer: string, details: Readonly<Record<string, unknown>>) {
    super(`${peer}: ${details['class']}: ${details['message']}`);
    this.className = String(details['class']);
    this.code = typeof details['code'] === 'string' ? details['code'] : undefined;
    this.details = details;
  }
}

/** Sends commands to a peer and matches its replies. */
export class CommandLine {
  readonly process: LineProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #nextId = 1;
  #exit: string | undefined;

  constructor(process: LineProcess) {
    this.process = process;
    process.onLine((line) => this.#reply(JSON.parse(line)));
    void process.exited.then((why) => {
      this.#exit = why;
      for (const { reject } of this.#waiting.values()) reject(process.failure(`ended (${why}) before it answered`));
      this.#waiting.clear();
    });
  }

  send(command: object): Promise<unknown> {
    if (this.#exit !== undefined) return Promise.reject(this.process.failure(`asked after it ended (${this.#exit})`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.process.write(JSON.stringify({ id, ...command }));
    });
  }

  #reply(reply: { id: number; ok?: unknown; error?: Record<string, unknown> }): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.error === undefined) waiting?.resolve(reply.ok);
    else waiting?.reject(new PeerError(this.process.name, reply.error));
  }
}
