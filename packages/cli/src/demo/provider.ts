import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { argumentOf, encodeAnswer, encodeHeartbeatAnswer, FrameSplitter } from './wire.ts';

/** A running provider of the demo's service. */
export interface DemoProvider {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers `sayHello(name)` with `Hello <name>, from <version>`, after Dubbo's fashion. For the demo only.
 * @param port taken when it is free; otherwise any free one
 */
export async function startProvider(version: string, port: number): Promise<DemoProvider> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket, version);
  });
  const listen = (wanted: number) => once(server.listen({ host: '127.0.0.1', port: wanted }), 'listening');
  await listen(port).catch(() => listen(0));
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serve(socket: Socket, version: string): void {
  const splitter = new FrameSplitter();
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const request of splitter.push(chunk)) {
        if (!request.isRequest) continue;
        socket.write(
          request.isEvent ? encodeHeartbeatAnswer(request.id) : encodeAnswer(request.id, `Hello ${argumentOf(request)}, from ${version}`),
        );
      }
    } catch {
      socket.destroy();
    }
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** `port` when nothing listens there on loopback, else a free one. */
export async function freePort(port: number): Promise<number> {
  const probe = await startProvider('probe', port);
  await probe.close();
  return probe.port;
}
