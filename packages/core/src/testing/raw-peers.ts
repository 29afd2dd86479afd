import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A service that speaks bytes; ends with the test. */
export async function serve(t: TestContext, handler: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    handler(socket);
  });
  t.after(() => server.close());
  return listenAnywhere(server);
}

/** A caller that may end its side and go on reading; ends with the test. */
export async function caller(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  // A reset may be heard in the same breath as the connection.
  await new Promise((resolve) => {
    socket.once('connect', resolve);
    socket.once('error', resolve);
  });
  return socket;
}

/** What a socket says until it ends. Rejects when it breaks off. */
export async function everything(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  if (socket.errored !== null) throw socket.errored;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks).toString('latin1');
}

/** A port at which nobody listens: one that is free for the moment may be somebody else's in the next. */
export const NOBODY_PORT = 1;

async function listenAnywhere(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
