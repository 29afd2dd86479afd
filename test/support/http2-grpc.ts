import { EventEmitter, once } from 'node:events';
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  type Deadline,
  Metadata,
  type MethodDefinition,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type StatusObject,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Owner } from './owner.ts';

// Services and clients on grpc-js whose messages are bytes: what is in them is no concern of a proxy.

const SERVICE = 'polywire.test.Calls';

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer) => bytes;
  return {
    path: `/${SERVICE}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

const METHODS = {
  unary: method('Unary', false, false),
  upload: method('Upload', true, false),
  download: method('Download', false, true),
  chat: method('Chat', true, true),
  fail: method('Fail', false, false),
  slow: method('Slow', false, false),
} satisfies ServiceDefinition;

const CANCEL_TIMEOUT_MILLISECONDS = 30_000;
const LARGEST_MESSAGE_BYTES = 128 * 1024 * 1024;
const LIMITS = { 'grpc.max_receive_message_length': LARGEST_MESSAGE_BYTES, 'grpc.max_send_message_length': LARGEST_MESSAGE_BYTES };

/** What a provider knows of its calls. */
export interface GrpcProvider {
  readonly port: number;
  /** How many calls their callers gave up, so far. */
  cancelled(): number;
  /** Resolves when there are more than that; fails when it takes seconds. */
  cancelledMoreThan(count: number): Promise<void>;
  /** How many calls came, so far. */
  served(): number;
}

/**
 * A server of grpc-js. Every method sends the caller's `x-say` back in its headers and in its trailers, with `x-provider`:
 * `Unary` answers its message, `Upload` the sizes of its messages as JSON, `Download` n messages of size s for `n s`, `Chat` each
 * message as it comes, `Fail` the status c with the message m for `c m`, `Slow` its message after as many milliseconds as that says.
 */
export async function startGrpcProvider(owner: Owner, name = 'grpc-js'): Promise<GrpcProvider> {
  let cancelled = 0;
  let served = 0;
  const cancellations = new EventEmitter();
  const begin = (call: Begun): Metadata => {
    served++;
    call.on('cancelled', () => {
      cancelled++;
      cancellations.emit('cancelled');
    });
    const said = new Metadata();
    said.set('x-provider', name);
    for (const value of call.metadata.get('x-say')) said.add('x-say', value);
    call.sendMetadata(said);
    return said;
  };
  const server = new Server(LIMITS);
  server.addService(METHODS, {
    unary: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, call.request, begin(call)),
    upload: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      const trailers = begin(call);
      const sizes: number[] = [];
      call.on('data', (message: Buffer) => sizes.push(message.length));
      call.on('end', () => done(null, Buffer.from(JSON.stringify(sizes)), trailers));
    },
    download: (call: ServerWritableStream<Buffer, Buffer>) => void download(call, begin(call)),
    chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
      const trailers = begin(call);
      call.on('data', (message: Buffer) => call.write(message));
      call.on('end', () => call.end(trailers));
    },
    fail: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      const [, code, details] = /^(\d+) (.*)$/s.exec(call.request.toString()) ?? [];
      done({ code: Number(code), details: details ?? '', metadata: begin(call) });
    },
    slow: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      const trailers = begin(call);
      setTimeout(() => done(null, call.request, trailers), Number(call.request.toString()));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  owner.after(() => server.forceShutdown());
  return {
    port,
    cancelled: () => cancelled,
    served: () => served,
    async cancelledMoreThan(count) {
      while (cancelled <= count) await once(cancellations, 'cancelled', { signal: AbortSignal.timeout(CANCEL_TIMEOUT_MILLISECONDS) });
    },
  };
}

type Begun = Pick<ServerUnaryCall<Buffer, Buffer>, 'metadata' | 'sendMetadata'> & { on(event: 'cancelled', listener: () => void): unknown };

async function download(call: ServerWritableStream<Buffer, Buffer>, trailers: Metadata): Promise<void> {
  const [count = 0, size = 0] = call.request.toString().split(' ').map(Number);
  for (let i = 0; i < count && !call.cancelled; i++) {
    if (!call.write(Buffer.alloc(size, i % 251))) await drained(call, 'cancelled');
  }
  call.end(trailers);
}

/** What a call ended with, and what came on the way. */
export interface GrpcOutcome {
  readonly messages: readonly Buffer[];
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
  readonly code: number;
  readonly details: string;
}

export interface GrpcCall {
  /** Under which name it is called; the method's own when absent. */
  readonly path?: string;
  readonly method: keyof typeof METHODS;
  readonly messages: readonly Buffer[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds, as `grpc-timeout` says it to the server. */
  readonly deadline?: number;
  /** Gives the call up when that many messages came back. */
  readonly cancelAfter?: number;
}

/** A client of grpc-js. */
export class GrpcConsumer {
  readonly #client: Client;

  constructor(owner: Owner, target: { port: number; authority?: string }) {
    const Calls = makeGenericClientConstructor({}, SERVICE);
    this.#client = new Calls(`127.0.0.1:${target.port}`, credentials.createInsecure(), {
      ...LIMITS,
      // Clients of one address would share a connection.
      'grpc.use_local_subchannel_pool': 1,
      ...(target.authority === undefined ? {} : { 'grpc.default_authority': target.authority }),
    });
    owner.after(() => this.close());
  }

  close(): void {
    this.#client.close();
  }

  /** Calls, as a stream in both directions, whatever the method is: on the wire there is no difference. */
  call(call: GrpcCall): Promise<GrpcOutcome> {
    const { path, requestSerialize, responseDeserialize } = METHODS[call.method];
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(call.metadata ?? {})) metadata.set(key, value);
    const deadline: Deadline = call.deadline === undefined ? Number.POSITIVE_INFINITY : Date.now() + call.deadline;
    const stream = this.#client.makeBidiStreamRequest(call.path ?? path, requestSerialize, responseDeserialize, metadata, { deadline });
    const messages: Buffer[] = [];
    let headers: Record<string, string> = {};
    return new Promise((resolve) => {
      stream.on('metadata', (received: Metadata) => {
        headers = plain(received);
      });
      stream.on('data', (message: Buffer) => {
        messages.push(message);
        if (messages.length === call.cancelAfter) stream.cancel();
      });
      // Says the same as the status.
      stream.on('error', () => {});
      stream.on('status', ({ code, details, metadata: trailers }: StatusObject) =>
        resolve({ messages, headers, trailers: plain(trailers), code, details }),
      );
      // Why it could not write is what the status says.
      write(stream, call.messages).catch(() => {});
      if (call.cancelAfter === 0) stream.cancel();
    });
  }
}

async function write(stream: ClientDuplexStream<Buffer, Buffer>, messages: readonly Buffer[]): Promise<void> {
  for (const message of messages) {
    if (!stream.write(message)) await drained(stream, 'close');
  }
  stream.end();
}

/** Resolves when a stream takes more, or will take nothing any more, as `end` says. */
async function drained(stream: EventEmitter, end: string): Promise<void> {
  const over = new AbortController();
  await Promise.race(['drain', end].map((event) => once(stream, event, { signal: over.signal }))).finally(() => over.abort());
}

function plain(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.getMap()).map(([key, value]) => [key, value.toString()]));
}
