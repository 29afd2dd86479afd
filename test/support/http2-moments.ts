import { EventEmitter, once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Stream, ServerOptions } from 'node:http2';
import { Noise, writeNoise } from './http2-bodies.ts';
import { type NodeServer, serveBodies, startNodeServer } from './http2-body-origin.ts';
import { AUTHORITY } from './http2-proxy.ts';
import { watch } from './http2-session.ts';
import type { Owner } from './owner.ts';

const PIECE_BYTES = 50_000;
const MUCH_BYTES = 8 * 1024 * 1024;
const REACH_MILLISECONDS = 60_000;

/** Where an exchange can stand. */
export const MOMENTS = {
  head: 'the request, which has no body, is at the service',
  body: 'a part of the request’s body is at the service, and its end is not sent',
  deaf: 'the service does not take the request’s body',
  answer: 'the head of the answer is at the caller',
  part: 'a part of the answer is at the caller, and its end is not sent',
  much: 'the caller does not take the answer',
  both: 'parts of the request and of the answer passed, and the end of neither is sent',
} as const;
export type Moment = keyof typeof MOMENTS;
/** At which the caller has no head of an answer. */
export const UNANSWERED: readonly Moment[] = ['head', 'body', 'deaf'];

/** A service whose requests stop where their path says; all other paths are those of a server of bodies. */
export class MomentService {
  readonly node: NodeServer;
  /** Streams of requests that stopped and are not over. */
  readonly stopped = new Map<string, ServerHttp2Stream>();
  /** By path. */
  readonly requests = new Map<string, number>();
  readonly #events: EventEmitter;

  private constructor(node: NodeServer, events: EventEmitter) {
    this.node = node;
    this.#events = events;
  }

  static async start(owner: Owner, options: ServerOptions = {}): Promise<MomentService> {
    const events = new EventEmitter().setMaxListeners(0);
    const settings = { maxConcurrentStreams: 1000, ...options.settings };
    const node = await startNodeServer(owner, (stream, headers) => service.#serve(stream, headers), { ...options, settings });
    const service = new MomentService(node, events);
    return service;
  }

  /** Opens a request and stops it at a moment. */
  async open(session: ClientHttp2Session, moment: Moment, name: string): Promise<ClientHttp2Stream> {
    const path = `/at/${moment}/${name}`;
    const signal = AbortSignal.timeout(REACH_MILLISECONDS);
    const endless = moment === 'body' || moment === 'deaf' || moment === 'both';
    const stream = watch(
      session.request({ ':method': endless ? 'POST' : 'GET', ':authority': AUTHORITY, ':path': path }, { endStream: !endless }),
    );
    const there = once(this.#events, path, { signal });
    if (moment === 'deaf') writeNoise(stream, 1, MUCH_BYTES);
    else if (endless) stream.write(new Noise(1, PIECE_BYTES).next(PIECE_BYTES));
    await Promise.all([there, ...(UNANSWERED.includes(moment) ? [] : [answered(stream, moment, signal)])]);
    return stream;
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const path = String(headers[':path']);
    const [, at, moment] = path.split('/');
    if (at !== 'at') return serveBodies(stream, headers);
    this.requests.set(path, (this.requests.get(path) ?? 0) + 1);
    this.stopped.set(path, stream);
    stream.once('close', () => this.stopped.delete(path));
    const reached = () => this.#events.emit(path);
    if (moment === 'deaf' || moment === 'head') return void reached();
    if (moment !== 'body') stream.respond({ ':status': 200 });
    if (moment === 'answer') return void reached();
    if (moment === 'much') {
      stream.resume();
      writeNoise(stream, 1, MUCH_BYTES);
      return void reached();
    }
    if (moment !== 'body') stream.write(new Noise(1, PIECE_BYTES).next(PIECE_BYTES));
    if (moment === 'part') return void reached();
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes === PIECE_BYTES) reached();
    });
  }
}

/** As much of the answer is here as the moment says. */
async function answered(stream: ClientHttp2Stream, moment: Moment, signal: AbortSignal): Promise<void> {
  await once(stream, 'response', { signal });
  if (moment === 'answer' || moment === 'much') return;
  let bytes = 0;
  await new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes === PIECE_BYTES) resolve();
    });
  });
}
