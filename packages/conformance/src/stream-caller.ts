import type { CallAnswer, Head, ServiceCall, StreamCalls, StreamingProtocol, StreamProtocol } from '@polywire/core/spi';
import type { CallSamples } from './call-samples.ts';
import { type Asked, type Caller, checkedAnswer, type Distortion } from './caller.ts';
import { calling, check, checkBytes, NotApplicable } from './case.ts';
import { mutate } from './mutations.ts';
import { KeptBytes, KeptExchange, KeptRequests, lentEngine, type Message, mildOwner } from './stream-ends.ts';

const AUTHORITY = 'service.example:20880';
/** Two ends that have more than this to say to each other never end. */
const MAX_TURNS = 100;

/** Calls over a protocol with streams of its own. */
export class StreamCaller implements Caller {
  readonly samples: CallSamples;
  readonly seed: number;
  readonly fuzzRuns: number;
  readonly #protocol: StreamProtocol<Head, Head>;
  readonly #calls: StreamCalls<Head, Head>;

  constructor(protocol: StreamingProtocol, samples: CallSamples, { seed, fuzzRuns }: Pick<Caller, 'seed' | 'fuzzRuns'>) {
    this.#protocol = protocol.streams(lentEngine);
    const { calls } = this.#protocol;
    if (calls === undefined) throw new TypeError(`${protocol.name} has no calls of Polywire's own`);
    this.#calls = calls;
    this.samples = samples;
    this.seed = seed;
    this.fuzzRuns = fuzzRuns;
  }

  ask(call: ServiceCall, headers: readonly string[], what: string): Asked {
    const requests = new KeptRequests();
    const service = new KeptBytes();
    const { connection, transport, body } = this.#sent(call, what);
    const accepted = this.#protocol.accept(service, requests);
    for (let turn = 0; ; turn++) {
      const [there, back] = [transport.take(), service.take()];
      if (there.length === 0 && back.length === 0) break;
      check(turn < MAX_TURNS, `${what}: the two ends never stop to talk`);
      if (there.length > 0) accepted.onBytes(there);
      if (back.length > 0) connection.onBytes(back);
    }
    const [first, ...more] = requests.exchanges;
    const head = first?.request.head;
    check(head !== undefined && more.length === 0, `${what}: the other side reads ${requests.exchanges.length} requests, not one`);
    check(first?.request.ended === true, `${what}: the request does not end`);
    checkBytes(Buffer.concat(first.request.body), body ?? Buffer.alloc(0), `${what}: the body`);
    const { heads } = this.#protocol;
    const scan = heads.scan({ names: headers, timeout: false, affinity: false });
    scan.run(head);
    return {
      ...(heads.methodIsPath ? ofPath(heads.method(head)) : { service: heads.service(head), method: heads.method(head) }),
      headers: Object.fromEntries(headers.map((name, index) => [name, scan.values[index]])),
    };
  }

  answer(bytes: Uint8Array, what: string): CallAnswer | undefined {
    const { head, body, trailers, ended } = this.#received(bytes, what);
    if (head === undefined || !ended) return undefined;
    return checkedAnswer(what, () => this.#calls.answer(head, Buffer.concat(body), trailers));
  }

  distorted(bytes: Buffer, { mutations, body, trailers }: Distortion, what: string): CallAnswer | undefined {
    if (body === null) return this.answer(mutate(bytes, mutations), what);
    const { head } = this.#received(bytes, what);
    if (head === undefined) return undefined;
    const fields = trailers.map(([name, value]) => ({ name, value, neverIndexed: false }));
    return checkedAnswer(what, () => this.#calls.answer(head, Buffer.from(body), fields));
  }

  /** What comes of a service's bytes, behind the first call of the samples. */
  #received(bytes: Uint8Array, what: string): Message {
    const [sample] = this.samples.requests;
    if (sample === undefined) throw new NotApplicable('no sample of a call');
    const { connection, exchange } = this.#sent(sample.call, what);
    calling(`${what}: the connection`, () => connection.onBytes(Buffer.from(bytes)));
    return exchange.response;
  }

  #sent(call: ServiceCall, what: string) {
    const { head, body } = this.#calls.request(call, AUTHORITY);
    const transport = new KeptBytes();
    const exchange = new KeptExchange();
    const connection = this.#protocol.connect(transport, mildOwner, { alone: true, dialect: this.#protocol.dialect(head) });
    const stream = connection.send(head, undefined, body === undefined, exchange);
    check(typeof stream !== 'string', `${what}: a new connection does not take it: ${String(stream)}`);
    if (body !== undefined) stream.sendData(body, true);
    return { connection, transport, exchange, body };
  }
}

/** `/service/method`, where what core takes for the service is the address that the call goes to. */
function ofPath(path: string): Pick<Asked, 'service' | 'method'> {
  const slash = path.lastIndexOf('/');
  return { service: path.slice(1, slash), method: path.slice(slash + 1) };
}
