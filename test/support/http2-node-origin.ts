import { once } from 'node:events';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Certificate } from './certificates.ts';
import type { Owner } from './owner.ts';
import { listen } from './ports.ts';

const SESSION_MEGABYTES = 1000;
const PATTERN = Buffer.from(Array.from({ length: 65_536 }, (_, i) => i % 251));

export interface NodeOriginOptions {
  /** What it says it is; `node`. */
  readonly name?: string;
  /** Milliseconds after a whole request, whose body is dropped, before it is answered. */
  readonly delay?: number;
  /** It is called by TLS, with h2 as ALPN's answer. */
  readonly tls?: Certificate;
}

export interface NodeOrigin {
  readonly port: number;
  readonly server: Http2Server | Http2SecureServer;
  /** Requests that came, in order of their coming: method and path. */
  readonly requests: readonly string[];
}

/** What `/bytes/<n>` answers. */
export function patternBytes(length: number): Buffer {
  return Buffer.alloc(length, PATTERN);
}

/** A server of node:http2 in this process; `OriginName` says what it answers. */
export async function startNodeOrigin(owner: Owner, options: NodeOriginOptions = {}): Promise<NodeOrigin> {
  const { name = 'node', delay = 0, tls } = options;
  const requests: string[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const settings = { maxConcurrentStreams: 1000 };
  // What callers of one proxy do not read waits on the connection that they share: of 10 MB, node refuses all that is new.
  const shared = { settings, maxSessionMemory: SESSION_MEGABYTES };
  const server = tls === undefined ? createServer(shared) : createSecureServer({ ...tls, ...shared });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {}).on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    requests.push(`${headers[':method']} ${headers[':path']}`);
    stream.on('error', () => {});
    if (delay === 0) answer(stream, headers, name);
    else stream.resume().once('end', () => setTimeout(() => answer(stream, headers, name), delay));
  });
  const port = await listen(server);
  owner.after(async () => {
    for (const session of sessions) session.destroy();
    server.close();
    if (server.listening) await once(server, 'close');
  });
  return { port, server, requests };
}

function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, name: string): void {
  if (stream.destroyed || stream.closed) return;
  const path = String(headers[':path']);
  const [, kind = '', value = ''] = path.split(/[/?]/);
  if (kind === 'echo') echo(stream);
  else if (kind === 'request') respond(stream, { 'content-type': 'application/json' }, JSON.stringify(asked(headers, name)));
  else if (kind === 'early') {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
    greet(stream, name);
  } else if (kind === 'bytes') respond(stream, { 'content-type': 'application/octet-stream' }, patternBytes(Number(value)));
  else if (kind === 'slow') setTimeout(() => !stream.destroyed && greet(stream, name), Number(value));
  else if (kind === 'status') stream.respond({ ':status': Number(value) }, { endStream: true });
  else if (kind === 'reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else greet(stream, name);
}

function greet(stream: ServerHttp2Stream, name: string): void {
  respond(stream, { 'content-type': 'text/plain' }, `served by ${name}\n`);
}

function respond(stream: ServerHttp2Stream, headers: Record<string, string>, body: string | Buffer): void {
  // An answer before the end of the request would reset what is left of it.
  stream.resume();
  stream.respond({ ':status': 200, ...headers, 'content-length': Buffer.byteLength(body) });
  stream.end(body);
}

function echo(stream: ServerHttp2Stream): void {
  let bytes = 0;
  let said: string | undefined;
  stream.on('trailers', (trailers: IncomingHttpHeaders) => {
    said = trailers['x-said']?.toString();
  });
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  stream.respond({ ':status': 200, 'content-type': 'application/octet-stream' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-echoed-bytes': `${bytes}`, ...(said === undefined ? {} : { 'x-said': said }) }));
  stream.pipe(stream);
}

function asked(headers: IncomingHttpHeaders, name: string): object {
  const rest = Object.fromEntries(Object.entries(headers).filter(([key]) => !key.startsWith(':')));
  return { server: name, method: headers[':method'], path: headers[':path'], authority: headers[':authority'], headers: rest };
}
