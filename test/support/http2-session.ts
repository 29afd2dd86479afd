import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { type Sum, writeNoise } from './http2-bodies.ts';
import { ENOUGH_MEGABYTES } from './http2-body-origin.ts';
import { AUTHORITY } from './http2-proxy.ts';
import type { Owner } from './owner.ts';

const ANSWER_MILLISECONDS = 90_000;

/** A connection of node:http2's, ready to be used. */
export async function openSession(
  owner: Owner,
  origin: string,
  options: ClientSessionOptions | SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = connect(origin, { maxSessionMemory: ENOUGH_MEGABYTES, ...options });
  owner.after(() => session.destroy());
  // Reported by its requests, which fail with it.
  session.on('error', () => {});
  session.setMaxListeners(0);
  await once(session, 'connect');
  return session;
}

const heads = new WeakMap<ClientHttp2Stream, IncomingHttpHeaders>();

export interface Ask {
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** So many bytes of noise. */
  readonly body?: { readonly seed: number; readonly bytes: number; readonly pieceBytes?: number; readonly length?: boolean };
  readonly trailers?: Readonly<Record<string, string>>;
}

/** An answer that was read to its end. */
export interface Answer extends Sum {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: Readonly<Record<string, string>>;
}

/** Begins a request; its body, where it has one, is written as it is taken. */
export function begin(session: ClientHttp2Session, ask: Ask = {}): ClientHttp2Stream {
  const { path = '/', headers = {}, body, trailers } = ask;
  const stream = session.request(
    {
      ':method': body === undefined ? 'GET' : 'POST',
      ':authority': AUTHORITY,
      ':path': path,
      ...(body?.length === true ? { 'content-length': body.bytes } : {}),
      ...headers,
    },
    { endStream: body === undefined && trailers === undefined, waitForTrailers: trailers !== undefined },
  );
  watch(stream);
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers({ ...trailers }));
  if (body !== undefined) writeNoise(stream, body.seed, body.bytes, body.pieceBytes);
  else if (trailers !== undefined) stream.end();
  return stream;
}

/** Keeps the head of the answer for `finish`, which may be called long after that came. Errors end a stream and nothing else. */
export function watch(stream: ClientHttp2Stream): ClientHttp2Stream {
  stream.on('error', () => {});
  return stream.on('response', (fields) => heads.set(stream, fields));
}

/** Reads an answer to its end; fails when it breaks off. */
export async function finish(stream: ClientHttp2Stream): Promise<Answer> {
  const hash = createHash('sha256');
  const trailers: Record<string, string> = {};
  let bytes = 0;
  let ended = false;
  stream.on('trailers', (fields: IncomingHttpHeaders) => {
    for (const [name, value] of Object.entries(fields)) trailers[name] = `${value}`;
  });
  stream.on('end', () => {
    ended = true;
  });
  stream.on('data', (chunk: Buffer | string) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  await closed(stream);
  const headers = heads.get(stream) ?? {};
  const status = Number(headers[':status'] ?? 0);
  if (stream.rstCode !== 0 || !ended || status === 0) throw new BrokenOff(stream.rstCode ?? 0, status, bytes);
  return { status, headers, trailers, bytes, sha256: hash.digest('hex') };
}

async function closed(stream: ClientHttp2Stream): Promise<void> {
  if (stream.destroyed && stream.closed) return;
  const late = setTimeout(() => stream.destroy(), ANSWER_MILLISECONDS);
  await new Promise((resolve) => stream.once('close', resolve));
  clearTimeout(late);
}

/** An answer that did not come, or not to its end. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff';
  readonly code: number;
  /** 0: no head came. */
  readonly status: number;

  constructor(code: number, status: number, bytes: number) {
    super(`broken off with code ${code}, status ${status}, behind ${bytes} bytes`);
    this.code = code;
    this.status = status;
  }
}

export function exchange(session: ClientHttp2Session, ask: Ask = {}): Promise<Answer> {
  return finish(begin(session, ask));
}

/** The answer's body as JSON. */
export async function exchangeJson(session: ClientHttp2Session, ask: Ask): Promise<Record<string, unknown>> {
  const stream = begin(session, ask);
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const { status } = await finish(stream);
  if (status !== 200) throw new Error(`answered ${status}: ${text}`);
  return JSON.parse(text);
}

/** What became of a request: an answer's status, or the code with which it was reset. */
export async function outcome(stream: ClientHttp2Stream): Promise<string> {
  try {
    return `${(await finish(stream)).status}`;
  } catch (error) {
    if (error instanceof BrokenOff) return `code ${error.code}`;
    throw error;
  }
}
