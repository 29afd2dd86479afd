import {
  CodecError,
  type DownstreamConnection,
  type Exchange,
  type Head,
  type HeaderField,
  type StreamCalls,
  type StreamingProtocol,
  type StreamProtocol,
  type Transport,
  type UpstreamConnection,
} from '@polywire/core/spi';
import type { CallSamples } from './call-samples.ts';

/**
 * Streams made up to test the suite with: head, body and trailers, each behind its length as uint16. Heads and trailers are lines, of a
 * request `service` and `method` first.
 */
class ToyHead {
  readonly lines: readonly string[];
  constructor(lines: readonly string[]) {
    this.lines = lines;
  }
}

function written(...parts: readonly (readonly string[] | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part.join('\n'));
      return [Buffer.of(bytes.length >> 8, bytes.length & 255), bytes];
    }),
  );
}

/** The parts that are whole. */
function parts(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) break;
    found.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return found;
}

const linesOf = (bytes: Buffer | undefined): string[] => String(bytes ?? '').split('\n');
const linesIn = (head: Head): readonly string[] => (head instanceof ToyHead ? head.lines : []);

/** What both ends do not do. */
const idle = { onFlushed() {}, onDrain() {}, onEnd() {}, onClose() {} };

function connect(transport: Transport): UpstreamConnection<Head, Head> {
  let answered: Exchange<Head> | undefined;
  return {
    ...idle,
    ...{ transport, usable: true, draining: false, open: 0, unanswered: 0, movedUs: 0, midRequest: false },
    ...{ ping: () => false, bind() {} },
    send(head, _edits, end, exchange) {
      answered = exchange;
      transport.write(end ? written(linesIn(head), []) : written(linesIn(head)));
      return {
        sendData(chunk) {
          transport.write(written(chunk));
          return true;
        },
        ...{ sendTrailers() {}, progressed: () => false, cancel() {}, pause() {}, resume() {} },
      };
    },
    onBytes(chunk) {
      const [head, body, trailers] = parts(chunk);
      if (head === undefined || body === undefined || trailers === undefined) return;
      answered?.onResponseHead(new ToyHead(linesOf(head)), false);
      answered?.onResponseData(body, false);
      answered?.onResponseTrailers(linesOf(trailers).map((line): HeaderField => ({ name: line, value: '', neverIndexed: false })));
    },
  };
}

const accept: StreamProtocol<Head, Head>['accept'] = (transport, handler) => {
  const connection: DownstreamConnection = {
    ...idle,
    ...{ transport, open: 0, bindings: new Map(), goAway() {} },
    onBytes(chunk) {
      const found = parts(chunk);
      for (let at = 0; at + 1 < found.length; at += 2) {
        const stream = {
          ...{
            connection,
            respond: () => true,
            respondInterim() {},
            respondData: () => true,
            respondTrailers() {},
            reply() {},
            abort() {},
          },
          ...{ finish() {}, progressed: () => false, pause() {}, resume() {} },
        };
        handler.onRequest(stream, new ToyHead(linesOf(found[at])), false)?.onRequestData(found[at + 1] ?? Buffer.alloc(0), true);
      }
    },
  };
  return connection;
};

const calls: StreamCalls<Head, Head> = {
  request({ service, method, group, arguments: message }) {
    const plain = [service, method, group ?? ''].every((text) => !text.includes('\n'));
    if (!plain || !Buffer.isBuffer(message)) throw new CodecError('toy_call', 'it takes a message, and names of one line');
    return { head: new ToyHead([service, method, ...(group === undefined ? [] : [`group=${group}`])]), body: message };
  },
  answer: (_head, body, trailers) =>
    trailers.some(({ name }) => name === 'failed') ? { kind: 'failed', reason: 'it failed' } : { kind: 'value', value: String(body) },
};

/** What a fault may change. */
export type ToyStreams = StreamProtocol<Head, Head> & { readonly calls: StreamCalls<Head, Head> };

/** The protocol, with one fault if there is one. */
export function toyStreams(fault: (streams: ToyStreams) => Partial<StreamProtocol<Head, Head>> = () => ({})): StreamingProtocol {
  const streams: ToyStreams = {
    ...{ name: 'toy', multiplexed: false, streaming: true, echo: 'certain', spread: undefined, sharable: () => false },
    ...{ hasDialects: false, dialect: () => 0, hasMediation: false, caseSensitiveHeaders: true, accept, connect, calls },
    heads: {
      methodIsPath: false,
      service: (head) => linesIn(head)[0] ?? '',
      method: (head) => linesIn(head)[1] ?? '',
      scan({ names }) {
        const values: (string | undefined)[] = [];
        const run = (head: Head) => {
          const found = new Map(linesIn(head).map((line): [string, string] => [line.split('=')[0] ?? '', line.split('=')[1] ?? '']));
          values.splice(0, values.length, ...names.map((name) => found.get(name)));
        };
        return { run, values, timeoutMs: 0, bindsConnection: false };
      },
      ...{ setRemainingMs() {}, outcome: () => 'ok', size: () => 0 },
    },
  };
  return { name: 'toy', capabilities: [], streams: () => ({ ...streams, ...fault(streams) }) };
}

const call = { service: 'shop.Cart', group: 'g', version: undefined, method: 'add', arguments: Buffer.from('message') };

export const toyCalls: CallSamples = {
  requests: [{ name: 'of a group', call, headers: { group: 'g', tag: undefined } }],
  refused: [{ name: 'with texts', call: { ...call, arguments: ['text'] } }],
  answers: [
    { name: 'done', bytes: written(['ok'], Buffer.from('done'), []), says: { kind: 'value', value: 'done' } },
    { name: 'failed', bytes: written(['ok'], Buffer.alloc(0), ['failed']), says: { kind: 'failed', reason: 'it failed' } },
  ],
};
