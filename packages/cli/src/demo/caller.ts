import { connect, type Socket } from 'node:net';
import { answerOf, type DemoCall, encodeCall, encodeHeartbeatAnswer, FrameSplitter, isOk } from './wire.ts';

/** What became of a call. */
export interface DemoAnswer {
  readonly ok: boolean;
  readonly text: string;
  /** Microseconds. */
  readonly latencyUs: number;
}

/** A Dubbo consumer with one connection. For the demo only. */
export class DemoCaller {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { readonly since: number; readonly settle: (answer: DemoAnswer) => void }>();
  #nextId = 1;

  constructor(host: string, port: number) {
    const splitter = new FrameSplitter();
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of splitter.push(chunk)) {
          if (frame.isRequest) this.#socket.write(encodeHeartbeatAnswer(frame.id));
          else if (!frame.isEvent) this.#settle(frame.id, isOk(frame), answerOf(frame));
        }
      } catch (error) {
        this.#socket.destroy(error instanceof Error ? error : undefined);
      }
    });
    this.#socket.on('error', () => undefined);
    this.#socket.once('close', () => {
      for (const id of [...this.#waiting.keys()]) this.#settle(id, false, 'connection closed');
    });
  }

  /** Never rejects: a lost connection is an answer that is not ok. */
  call(call: DemoCall): Promise<DemoAnswer> {
    const id = this.#nextId++;
    return new Promise((settle) => {
      if (this.#socket.destroyed) {
        settle({ ok: false, text: 'connection closed', latencyUs: 0 });
        return;
      }
      this.#waiting.set(id, { since: performance.now(), settle });
      this.#socket.write(encodeCall(id, call));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(id: number, ok: boolean, text: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.settle({ ok, text, latencyUs: (performance.now() - waiting.since) * 1000 });
  }
}
