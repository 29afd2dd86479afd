import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Owner } from './owner.ts';
import { listen } from './ports.ts';

/** Connections through it can be stopped and broken from outside, without their ends knowing why. */
export interface Relay {
  readonly port: number;
  /** Reads nothing of what was sent towards the side that connected. */
  stallAnswers(): void;
  /** Reads nothing of what was sent by the side that connected. */
  stallRequests(): void;
  /** Reads again. */
  resume(): void;
  /** Resets every connection, both sides of it. */
  destroy(): void;
  /** Bytes that passed. */
  readonly passed: { requests: number; answers: number };
}

/** Starts a relay in front of a loopback port. */
export async function startRelay(owner: Owner, target: number): Promise<Relay> {
  const pairs = new Set<{ readonly down: Socket; readonly up: Socket }>();
  const passed = { requests: 0, answers: 0 };
  const server = createServer((down) => {
    const up = connect(target, '127.0.0.1');
    const pair = { down, up };
    pairs.add(pair);
    const end = () => {
      down.destroy();
      up.destroy();
      pairs.delete(pair);
    };
    for (const socket of [down, up])
      socket
        .setNoDelay(true)
        .on('error', () => {})
        .once('close', end);
    pass(down, up, (bytes) => {
      passed.requests += bytes;
    });
    pass(up, down, (bytes) => {
      passed.answers += bytes;
    });
  });
  const port = await listen(server);
  const destroy = () => {
    for (const { down, up } of pairs) {
      down.resetAndDestroy();
      up.resetAndDestroy();
    }
  };
  owner.after(async () => {
    destroy();
    await once(server.close(), 'close');
  });
  return {
    port,
    passed,
    destroy,
    stallAnswers: () => {
      for (const { up } of pairs) up.pause();
    },
    stallRequests: () => {
      for (const { down } of pairs) down.pause();
    },
    resume: () => {
      for (const { down, up } of pairs) {
        up.resume();
        down.resume();
      }
    },
  };
}

function pass(from: Socket, to: Socket, seen: (bytes: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    seen(chunk.length);
    to.write(chunk);
  });
}
