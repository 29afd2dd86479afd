import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { sumOf, writeNoise } from './http2-bodies.ts';
import type { Owner } from './owner.ts';
import { listen } from './ports.ts';

/** Of memory for a connection: with its default of 10, node:http2 ends connections on which many streams come and go. */
export const ENOUGH_MEGABYTES = 1000;

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) => void;

/** A server on node:http2 in this process. */
export interface NodeServer {
  readonly port: number;
  readonly server: Http2Server;
  /** Connections that are open. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** Connections that ever were. */
  readonly accepted: () => number;
}

/** Starts a server that hands every request to `handle`. Errors of streams and connections are no errors of the test's. */
export async function startNodeServer(owner: Owner, handle: Handler, options: ServerOptions = {}): Promise<NodeServer> {
  const sessions = new Set<ServerHttp2Session>();
  let accepted = 0;
  const server = createServer({ maxSessionMemory: ENOUGH_MEGABYTES, ...options });
  server.on('session', (session) => {
    accepted++;
    sessions.add(session);
    session.on('error', () => {}).on('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => {});
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: readonly string[]) => {
    stream.on('error', () => {});
    handle(stream, headers, rawHeaders);
  });
  const port = await listen(server);
  owner.after(async () => {
    for (const session of sessions) session.destroy();
    await once(server.close(), 'close');
  });
  return { port, server, sessions, accepted: () => accepted };
}

/**
 * What a server of bodies answers:
 *
 * - `/echo`: the body as it comes
 * - `/sum`: reads the body, then says its length and hash, and the request's headers and trailers, as JSON
 * - `/down/<bytes>/<seed>`: so many bytes of noise
 *
 * Of `x-length: yes` and `x-trailers: yes` in the request, answers have a content-length and trailers.
 */
export function startBodyOrigin(owner: Owner, options: ServerOptions = {}): Promise<NodeServer> {
  return startNodeServer(owner, serveBodies, { ...options, settings: { maxConcurrentStreams: 1000, ...options.settings } });
}

/** Of a request whose answer has them. */
export const TRAILERS = { 'x-last': 'words', 'x-more': 'of them' };

export function serveBodies(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const [, kind = '', size = '0', seed = '0'] = String(headers[':path']).split('/');
  if (kind === 'echo') {
    respond(stream, headers, headers['content-length'] === undefined ? undefined : Number(headers['content-length']));
    stream.pipe(stream);
  } else if (kind === 'sum') void sum(stream, headers);
  else if (kind === 'down') {
    stream.resume();
    respond(stream, headers, Number(size));
    writeNoise(stream, Number(seed), Number(size));
  } else {
    stream.resume();
    stream.respond({ ':status': 200 });
    stream.end('hello');
  }
}

async function sum(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  let trailers: IncomingHttpHeaders = {};
  stream.on('trailers', (fields: IncomingHttpHeaders) => {
    trailers = fields;
  });
  try {
    const read = await sumOf(stream);
    const body = JSON.stringify({ ...read, headers, trailers });
    respond(stream, headers, Buffer.byteLength(body));
    stream.end(body);
  } catch {
    // The request broke off.
  }
}

function respond(stream: ServerHttp2Stream, asked: IncomingHttpHeaders, length: number | undefined): void {
  const withLength = asked['x-length'] === 'yes' && length !== undefined;
  const waitForTrailers = asked['x-trailers'] === 'yes';
  stream.on('wantTrailers', () => stream.sendTrailers(TRAILERS));
  stream.respond({ ':status': 200, ...(withLength ? { 'content-length': length } : {}) }, { waitForTrailers });
}
