import type { HeaderEdits, LocalReply, LookupResult, Outcome } from '../protocol/spi.ts';
import type {
  ConnectionUse,
  DownstreamConnection,
  DownstreamStream,
  Exchange,
  HeaderField,
  ResetReason,
  StreamProtocol,
  UpstreamConnection,
  UpstreamOwner,
  UpstreamStream,
} from '../stream/stream.ts';
import type { Transport } from '../transport/transport.ts';

/** A head of the toy that brings streams of its own. */
export interface ToyHead {
  readonly path: string;
  readonly timeoutMs?: number;
  readonly outcome?: Outcome;
}

/** One request as it reached a service: the test answers through `exchange`. */
export class ToySent implements UpstreamStream {
  readonly events: string[] = [];
  readonly head: ToyHead;
  readonly exchange: Exchange<ToyHead>;
  readonly connection: ToyUpstream;
  constructor(connection: ToyUpstream, head: ToyHead, exchange: Exchange<ToyHead>) {
    this.connection = connection;
    this.head = head;
    this.exchange = exchange;
  }
  sendData(chunk: Buffer, end: boolean): boolean {
    this.events.push(`data ${chunk.toString()}${end ? ' end' : ''}`);
    return true;
  }
  sendTrailers(trailers: readonly HeaderField[]): void {
    this.events.push(`trailers ${trailers.map(({ name, value }) => `${name}=${value}`).join(' ')}`);
  }
  /** Told once. */
  progress = false;
  progressed(): boolean {
    const { progress } = this;
    this.progress = false;
    return progress;
  }
  cancel(reason: ResetReason): void {
    this.events.push(`cancel ${reason}`);
  }
  pause(): void {
    this.events.push('pause');
  }
  resume(): void {
    this.events.push('resume');
  }
}

/** A connection to a service of which the test says whether it takes requests. */
export class ToyUpstream implements UpstreamConnection<ToyHead, ToyHead> {
  usable = true;
  open = 0;
  readonly draining = false;
  readonly unanswered = 0;
  readonly movedUs = 0;
  readonly midRequest = false;
  readonly sent: ToySent[] = [];
  readonly transport: Transport;
  readonly owner: UpstreamOwner;
  constructor(transport: Transport, owner: UpstreamOwner) {
    this.transport = transport;
    this.owner = owner;
  }
  send(head: ToyHead, _edits: HeaderEdits | undefined, _end: boolean, exchange: Exchange<ToyHead>): ToySent {
    const stream = new ToySent(this, head, exchange);
    this.sent.push(stream);
    return stream;
  }
  ping(): boolean {
    return false;
  }
  bind(): void {}
  onBytes(): void {}
  onFlushed(): void {}
  onDrain(): void {}
  onEnd(): void {}
  onClose(reason: string): void {
    this.owner.onClosed(reason);
  }
}

/** The caller's side of a request, as the path speaks to it. */
export class ToyCall implements DownstreamStream<ToyHead> {
  readonly events: string[] = [];
  readonly connection: DownstreamConnection;
  /** Called with every event. */
  onEvent: () => void = () => undefined;
  /** Whether edits can be made. */
  editable = true;
  constructor(connection: DownstreamConnection) {
    this.connection = connection;
  }
  respond(head: ToyHead, _edits: HeaderEdits | undefined, end: boolean): boolean {
    if (!this.editable) return false;
    this.#note(`head ${head.path}${end ? ' end' : ''}`);
    return true;
  }
  respondInterim(head: ToyHead): void {
    this.#note(`interim ${head.path}`);
  }
  respondData(chunk: Buffer, end: boolean): boolean {
    this.#note(`data ${chunk.toString()}${end ? ' end' : ''}`);
    return true;
  }
  respondTrailers(trailers: readonly HeaderField[]): void {
    this.#note(`trailers ${trailers.map(({ name, value }) => `${name}=${value}`).join(' ')}`);
  }
  reply({ reason }: LocalReply): void {
    this.#note(`reply ${reason}`);
  }
  abort(detail: string, code?: number): void {
    this.#note(`abort ${detail}${code === undefined ? '' : ` (${code})`}`);
  }
  finish(): void {
    this.#note('finish');
  }
  /** Told once. */
  progress = false;
  progressed(): boolean {
    const { progress } = this;
    this.progress = false;
    return progress;
  }
  pause(): void {}
  /** How often it was told to read on. */
  resumed = 0;
  resume(): void {
    this.resumed++;
  }
  #note(event: string): void {
    this.events.push(event);
    this.onEvent();
  }
}

/** A protocol with streams of its own whose connections write nothing. */
export class ToyStreams implements StreamProtocol<ToyHead, ToyHead> {
  readonly name = 'toy-streams';
  readonly multiplexed = true;
  readonly streaming = true;
  readonly echo = 'certain';
  readonly spread = undefined;
  readonly hasDialects = false;
  readonly hasMediation = true;
  readonly caseSensitiveHeaders = false;
  /** In the order in which they were made. */
  readonly connections: ToyUpstream[] = [];
  readonly heads = {
    methodIsPath: true,
    service: () => 'shop',
    method: ({ path }: ToyHead) => path,
    scan: () => new ToyScan(),
    setRemainingMs: () => undefined,
    outcome: ({ outcome = 'ok' }: ToyHead) => outcome,
    trailersOutcome: ([trailer]: readonly HeaderField[]) => (trailer?.value === 'bad' ? ('failure' as const) : undefined),
    size: () => 10,
  };
  sharable(): boolean {
    return true;
  }
  dialect(): number {
    return 0;
  }
  accept(): DownstreamConnection {
    throw new Error('the test plays the callers');
  }
  connect(transport: Transport, owner: UpstreamOwner, _use: ConnectionUse): ToyUpstream {
    const connection = new ToyUpstream(transport, owner);
    this.connections.push(connection);
    return connection;
  }
}

class ToyScan {
  readonly values: readonly LookupResult[] = [];
  readonly bindsConnection = false;
  timeoutMs = 0;
  run({ timeoutMs = 0 }: ToyHead): void {
    this.timeoutMs = timeoutMs;
  }
}
