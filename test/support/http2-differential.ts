import { createHash, type Hash } from 'node:crypto';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  sensitiveHeaders,
} from 'node:http2';
import { Noise } from './http2-bodies.ts';
import { startNodeServer } from './http2-body-origin.ts';
import type { Field, GeneratedExchange, GeneratedMessage } from './http2-generated.ts';
import { AUTHORITY } from './http2-proxy.ts';
import type { Owner } from './owner.ts';

const EXCHANGE_MILLISECONDS = 60_000;
/** Tells the server which exchange this is. */
const ID = 'x-exchange';

/** Of a message, all that its receiver saw of it. */
interface Received {
  head: readonly string[];
  sensitive: readonly string[];
  bytes: number;
  sha256: string;
  trailers: readonly string[];
}

/** What both sides of an exchange saw. */
export interface SeenExchange {
  readonly request: Received | undefined;
  readonly interim: readonly (readonly string[])[];
  readonly response: Received;
  /** Of the stream, at the client. */
  readonly code: number;
}

/** A server that answers generated exchanges as they say, and keeps what it was asked. */
export class GeneratedServer {
  readonly port: number;
  readonly #exchanges = new Map<string, GeneratedExchange>();
  readonly #received = new Map<string, Received>();
  #next = 0;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(owner: Owner): Promise<GeneratedServer> {
    const holder: { server?: GeneratedServer } = {};
    const { port } = await startNodeServer(
      owner,
      (stream, headers, raw) => {
        holder.server?.serve(stream, String(headers[ID]), raw, neverIndexed(headers));
      },
      { settings: { maxConcurrentStreams: 1000 } },
    );
    const server = new GeneratedServer(port);
    holder.server = server;
    return server;
  }

  /** Has an exchange on a connection, which leads to this server in whatever way. */
  async exchange(session: ClientHttp2Session, generated: GeneratedExchange): Promise<SeenExchange> {
    const id = `${this.#next++}`;
    this.#exchanges.set(id, generated);
    try {
      const seen = await ask(session, generated, id);
      return { request: this.#received.get(id), ...seen };
    } finally {
      this.#exchanges.delete(id);
      this.#received.delete(id);
    }
  }

  private serve(stream: ServerHttp2Stream, id: string, head: readonly string[], sensitive: readonly string[]): void {
    const generated = this.#exchanges.get(id);
    if (generated === undefined) return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    receive(stream, { head: head.filter((_, at) => head[at - (at % 2)] !== ID), sensitive }, (received) => {
      this.#received.set(id, received);
      void answer(stream, generated);
    });
  }
}

async function answer(stream: ServerHttp2Stream, { interim, response }: GeneratedExchange): Promise<void> {
  for (const list of interim) stream.additionalHeaders({ ':status': 103, ...outgoing(list) });
  const { fields, sensitive, status, pieces, withLength, trailers } = response;
  const total = pieces?.reduce((sum, size) => sum + size, 0);
  const head = {
    ':status': status,
    // Else it would be that of the moment.
    date: 'Thu, 01 Jan 1970 00:00:00 GMT',
    ...outgoing(fields),
    ...(withLength && total !== undefined ? { 'content-length': total } : {}),
    [sensitiveHeaders]: [...sensitive],
  };
  stream.on('wantTrailers', () => stream.sendTrailers(outgoing(trailers ?? [])));
  const endStream = pieces === undefined;
  stream.respond(head, { endStream, waitForTrailers: !endStream && trailers !== undefined });
  if (!endStream) await write(stream, response);
}

function ask(session: ClientHttp2Session, { request }: GeneratedExchange, id: string): Promise<Omit<SeenExchange, 'request'>> {
  const { method, path, scheme, fields, sensitive, pieces, withLength, trailers } = request;
  const total = pieces?.reduce((sum, size) => sum + size, 0);
  const head = {
    ':method': method,
    ':path': path,
    ':scheme': scheme,
    ':authority': AUTHORITY,
    [ID]: id,
    ...outgoing(fields),
    ...(withLength && total !== undefined ? { 'content-length': total } : {}),
    [sensitiveHeaders]: [...sensitive],
  };
  const stream = session.request(head, { endStream: pieces === undefined, waitForTrailers: trailers !== undefined });
  stream.on('error', () => {}).on('wantTrailers', () => stream.sendTrailers(outgoing(trailers ?? [])));
  if (pieces !== undefined) void write(stream, request);
  return new Promise((resolve) => {
    const interim: (readonly string[])[] = [];
    let received: Received | undefined;
    const late = setTimeout(() => stream.destroy(), EXCHANGE_MILLISECONDS);
    stream.on('headers', (_fields: object, _flags: number, raw: readonly string[]) => interim.push(raw));
    stream.on('response', (headers, _flags: number, raw?: readonly string[]) => {
      receive(stream, { head: raw ?? [], sensitive: neverIndexed(headers) }, (whole) => {
        received = whole;
      });
    });
    stream.once('close', () => {
      clearTimeout(late);
      const response = received ?? { head: ['nothing'], sensitive: [], bytes: 0, sha256: '', trailers: [] };
      resolve({ interim, response, code: stream.rstCode ?? 0 });
    });
  });
}

/** Calls back with the whole message. */
function receive(
  stream: ClientHttp2Stream | ServerHttp2Stream,
  { head, sensitive }: Pick<Received, 'head' | 'sensitive'>,
  done: (received: Received) => void,
): void {
  const hash: Hash = createHash('sha256');
  let bytes = 0;
  let trailers: readonly string[] = [];
  stream.on('trailers', (_fields: object, _flags: number, raw?: readonly string[]) => {
    trailers = raw ?? [];
  });
  stream.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  stream.on('end', () => done({ head: inOrder(head), sensitive: [...sensitive].sort(), bytes, sha256: hash.digest('hex'), trailers }));
}

async function write(stream: ClientHttp2Stream | ServerHttp2Stream, { pieces = [] }: GeneratedMessage): Promise<void> {
  const noise = new Noise(
    pieces.length,
    pieces.reduce((sum, size) => sum + size, 0),
  );
  for (const size of pieces) {
    if (stream.destroyed) return;
    stream.write(noise.next(size));
    // Some pieces leave together, others do not.
    if (size % 3 === 0) await new Promise(setImmediate);
  }
  stream.end();
}

/** Values of one name become a list, as node:http2 takes them. */
function outgoing(fields: readonly Field[]): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of fields) {
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

/** Names of fields that came as such. */
function neverIndexed(headers: IncomingHttpHeaders): string[] {
  const names: unknown = Reflect.get(headers, sensitiveHeaders);
  return Array.isArray(names) ? names.map(String) : [];
}

/** The order among pseudo-headers means nothing. */
function inOrder(raw: readonly string[]): string[] {
  const pairs = Array.from({ length: raw.length / 2 }, (_, i) => `${raw[2 * i]}: ${raw[2 * i + 1]}`);
  const pseudo = pairs.filter((pair) => pair.startsWith(':')).sort();
  return [...pseudo, ...pairs.filter((pair) => !pair.startsWith(':'))];
}
