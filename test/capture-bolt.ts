import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BoltVersion, boltVersionOf, connectBolt, requestInVersion } from './support/bolt-wire.ts';
import type { Owner } from './support/owner.ts';
import { freePort, freePorts } from './support/ports.ts';
import { SofaConsumer, type SofaLanguage, SofaProvider, type SofaRefer } from './support/sofa-peers.ts';
import { startTap, type Tap, type TappedFrame } from './support/tap.ts';

// Records what unmodified SOFA Bolt peers say to each other, as test data for the codec. Run by hand, after a change of the
// peers' versions or shapes: node test/dist/capture-bolt.js

const OUTPUT = fileURLToPath(new URL('../../packages/protocol-bolt/test-data/captures/', import.meta.url));
/** Long enough for every chunked form; what is larger only makes the repository heavy. */
const LARGEST_FRAME = 40 * 1024;
const VERSIONS = { java: '5.13.2', node: '2.10.0' } as const;
const HESSIAN_CODEC = 1;
const PROTOBUF_CODEC = 11;
/** Idle milliseconds after which a consumer sends heartbeats: more than any pause in a capture. */
const HEARTBEAT = 1500;
const HEARTBEAT_NAME = 'heartbeat';
/** Version 2 changes nothing in a body: a few are enough to see it. */
const SHAPES_OF_VERSION_2 = ['no argument', 'chinese string', '5000 bytes', 'cyclic graph', 'many arguments'];
const KEY = { version: '2.0', uniqueId: 'blue' };
const ATTACHMENTS = { colour: 'green', 'x-empty': '', 'x-chinese': '你好', 'x-long': 'v'.repeat(2000), 'baggage.user': 'ann' };

type FrameKind = 'request' | 'one-way' | 'response' | 'heartbeat' | 'heartbeat acknowledgement';

/** One frame of a capture file. */
interface CaptureEntry {
  readonly name: string;
  readonly client: SofaLanguage;
  readonly server: SofaLanguage;
  /** Bolt's protocol code, and for code 2 sofa-bolt's version byte. */
  readonly bolt: BoltVersion;
  readonly serialization: string;
  /** `up`: sent by the side that connected. */
  readonly direction: 'up' | 'down';
  readonly kind: FrameKind;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** Who speaks in a capture file, and how. */
interface Conversation {
  readonly client: SofaLanguage;
  readonly server: SofaLanguage;
  readonly bolt: BoltVersion;
}

const CONVERSATIONS: readonly Conversation[] = [
  { client: 'java', server: 'java', bolt: '1' },
  { client: 'java', server: 'java', bolt: '2.1' },
  { client: 'java', server: 'java', bolt: '2.2' },
  { client: 'node', server: 'java', bolt: '1' },
  { client: 'node', server: 'java', bolt: '2.2' },
  { client: 'java', server: 'node', bolt: '1' },
  { client: 'java', server: 'node', bolt: '2.2' },
];

class Recorder {
  readonly entries: CaptureEntry[] = [];
  readonly #conversation: Conversation;
  readonly #prefix: string;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(conversation: Conversation, prefix = 'sofa') {
    this.#conversation = conversation;
    this.#prefix = prefix;
  }

  /** Does something and names the frames that passed meanwhile; waits for those it must see. */
  async during(
    tap: Tap,
    name: string,
    act: () => Promise<unknown>,
    mustSee: readonly ((frame: TappedFrame) => boolean)[] = [],
  ): Promise<void> {
    const from = tap.frames.length;
    const outcome = await act().catch((error: unknown) => error);
    for (const accept of mustSee) await tap.find(from, accept);
    const frames = tap.frames.slice(from);
    if (frames.length === 0) throw new Error(`${name}: no frame passed (${outcome})`);
    // A slow moment can bring one that nobody asked for.
    const wanted = name === HEARTBEAT_NAME ? frames : frames.filter(({ bytes }) => !kindOf(bytes).startsWith('heartbeat'));
    for (const frame of wanted) this.#keep(name, frame);
  }

  write(): void {
    writeFileSync(join(OUTPUT, this.#file), Buffer.concat(this.#chunks));
  }

  get #file(): string {
    const { client, server, bolt } = this.#conversation;
    return `${this.#prefix}-${client}-${VERSIONS[client]}-to-${server}-${VERSIONS[server]}-bolt-${bolt}.bin`;
  }

  #keep(name: string, { direction, bytes }: TappedFrame): void {
    if (bytes.length > LARGEST_FRAME) return;
    this.entries.push({
      name,
      client: this.#conversation.client,
      server: this.#conversation.server,
      bolt: boltVersionOf(bytes),
      serialization: serializationOf(bytes),
      direction,
      kind: kindOf(bytes),
      file: this.#file,
      offset: this.#length,
      length: bytes.length,
    });
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }
}

async function capture(owner: Owner, conversation: Conversation): Promise<CaptureEntry[]> {
  const { client, server, bolt } = conversation;
  const [port = 0, narrowPort = 0] = await freePorts(2);
  const exports = [
    { name: 'one', port, ...KEY },
    { name: 'narrow', port: narrowPort, threads: 1, queue: 0, ...KEY },
  ];
  await SofaProvider.start(owner, { exports }, server);
  const tap = await startTap(owner, port, 'bolt frames');
  const consumer = await SofaConsumer.start(owner, { heartbeat: HEARTBEAT }, client);
  const recorder = new Recorder(conversation);
  const refer = (on: string, more: Partial<SofaRefer> = {}) =>
    consumer.refer({ on, service: 'CallService', url: `bolt://127.0.0.1:${tap.port}`, bolt, ...KEY, ...more });
  await refer('call');
  await refer('absent', { version: '9.9' });
  await refer('note', { service: 'NoteService', serialization: 'protobuf' });
  if (client === 'java' && server === 'java') {
    await refer('echo', { service: 'EchoService' });
    const shapes = Object.keys(await consumer.suite('echo'));
    for (const shape of bolt === '1' ? shapes : SHAPES_OF_VERSION_2) {
      await recorder.during(tap, shape, () => consumer.suite('echo', [shape]));
    }
    const narrow = await startTap(owner, narrowPort, 'bolt frames');
    await refer('narrow', { url: `bolt://127.0.0.1:${narrow.port}` });
    await captureBusy(recorder, narrow, consumer);
    await refer('plain', { crc: false });
    await recorder.during(tap, 'checksum off', () => consumer.call({ on: 'plain', method: 'who', args: ['t'] }));
  }
  await captureCalls(recorder, tap, consumer);
  await captureNotes(recorder, tap, consumer);
  if (client === 'java') {
    await captureWays(recorder, tap, consumer);
    await recorder.during(tap, HEARTBEAT_NAME, () => Promise.resolve(), [isKind('heartbeat'), isKind('heartbeat acknowledgement')]);
  }
  recorder.write();
  return recorder.entries;
}

async function captureCalls(recorder: Recorder, tap: Tap, consumer: SofaConsumer): Promise<void> {
  const who = { on: 'call', method: 'who', args: ['t'] };
  await recorder.during(tap, 'plain', () => consumer.call(who));
  await recorder.during(tap, 'attachments', () => consumer.call({ ...who, attachments: ATTACHMENTS }));
  await recorder.during(tap, 'checked exception', () => consumer.call({ on: 'call', method: 'failChecked', args: ['a1'] }));
  await recorder.during(tap, 'unchecked exception', () => consumer.call({ on: 'call', method: 'failUnchecked', args: ['broken'] }));
  await recorder.during(tap, 'no such service', () => consumer.call({ ...who, on: 'absent' }));
  // Nobody answers it: a provider keeps an answer that it finds to be late.
  await recorder.during(tap, 'timeout', () => consumer.call({ on: 'call', method: 'slow', args: [400, 't'], timeout: 200 }));
}

/** The invoke types that only a Java consumer has. */
async function captureWays(recorder: Recorder, tap: Tap, consumer: SofaConsumer): Promise<void> {
  const who = { on: 'call', method: 'who', args: ['t'] };
  await recorder.during(tap, 'future', () => consumer.call({ ...who, how: 'future' }));
  await recorder.during(tap, 'callback', () => consumer.call({ ...who, how: 'callback' }));
  await recorder.during(tap, 'one-way', () => consumer.call({ ...who, how: 'oneway' }), [isKind('one-way')]);
  const pass = { on: 'note', method: 'pass', args: [{ token: 't' }] };
  await recorder.during(tap, 'protobuf one-way', () => consumer.call({ ...pass, how: 'oneway' }), [isKind('one-way')]);
}

async function captureNotes(recorder: Recorder, tap: Tap, consumer: SofaConsumer): Promise<void> {
  const pass = { on: 'note', method: 'pass' };
  const token = 't';
  await recorder.during(tap, 'protobuf', () => consumer.call({ ...pass, args: [{ token, payload: 'AQID' }] }));
  await recorder.during(tap, 'protobuf attachments', () => consumer.call({ ...pass, args: [{ token }], attachments: ATTACHMENTS }));
  await recorder.during(tap, 'protobuf exception', () => consumer.call({ ...pass, args: [{ token, fail: 'broken' }] }));
}

/** More calls than the provider's one thread takes. */
async function captureBusy(recorder: Recorder, tap: Tap, consumer: SofaConsumer): Promise<void> {
  const calls = [1, 2, 3].map((number) => ({ on: 'narrow', method: 'slow', args: [300, `t${number}`] }));
  await recorder.during(tap, 'thread pool busy', () => Promise.allSettled(calls.map((call) => consumer.call(call))));
}

/** Requests that no library sends: those of a library, changed, and what a SOFARPC provider answers to them. */
async function captureRefusals(owner: Owner, bolt: BoltVersion): Promise<CaptureEntry[]> {
  const port = await freePort();
  await SofaProvider.start(owner, { exports: [{ name: 'one', port, ...KEY }] });
  const tap = await startTap(owner, port, 'bolt frames');
  const consumer = await SofaConsumer.start(owner);
  const recorder = new Recorder({ client: 'java', server: 'java', bolt }, 'refusals');
  await consumer.refer({ on: 'call', service: 'CallService', url: `bolt://127.0.0.1:${tap.port}`, ...KEY });
  await consumer.who('call');
  const { bytes } = await tap.find(0, isKind('request'));
  const connection = await connectBolt(owner, tap.port);
  const send = (change: (request: Buffer) => void) => async () => {
    const request = Buffer.from(bytes);
    change(request);
    connection.send(requestInVersion(request, bolt));
    await connection.next();
  };
  const unknownClass = send((request) => request.write('X', request.indexOf('SofaRequest')));
  const unreadable = send((request) => request.fill(0x7f, request.length - 40));
  const unknownCodec = send((request) => request.writeUInt8(99, 9));
  await recorder.during(tap, 'unknown class', unknownClass);
  await recorder.during(tap, 'unreadable content', unreadable);
  await recorder.during(tap, 'unknown codec', unknownCodec);
  recorder.write();
  return recorder.entries;
}

function serializationOf(frame: Buffer): string {
  const codec = frame[frame[0] === 1 ? 9 : 10];
  if (codec === HESSIAN_CODEC) return 'hessian2';
  return codec === PROTOBUF_CODEC ? 'protobuf' : `codec ${codec}`;
}

function kindOf(frame: Buffer): FrameKind {
  const type = frame[0] === 1 ? 1 : 2;
  const heartbeat = frame.readUInt16BE(type + 1) === 0;
  if (frame[type] === 0) return heartbeat ? 'heartbeat acknowledgement' : 'response';
  if (heartbeat) return 'heartbeat';
  return frame[type] === 1 ? 'request' : 'one-way';
}

function isKind(kind: FrameKind): (frame: TappedFrame) => boolean {
  return ({ bytes }) => kindOf(bytes) === kind;
}

function writeIndex(name: string, of: readonly CaptureEntry[]): void {
  writeFileSync(join(OUTPUT, name), of.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

const ends: (() => void | Promise<void>)[] = [];
const owner: Owner = { after: (end) => void ends.push(end) };
mkdirSync(OUTPUT, { recursive: true });
const entries: CaptureEntry[] = [];
for (const conversation of CONVERSATIONS) {
  entries.push(...(await capture(owner, conversation)));
  for (const end of ends.splice(0).reverse()) await end();
}
const refusals: CaptureEntry[] = [];
for (const bolt of ['1', '2.1', '2.2'] as const) {
  refusals.push(...(await captureRefusals(owner, bolt)));
  for (const end of ends.splice(0).reverse()) await end();
}
writeIndex('index.jsonl', entries);
writeIndex('refusals.jsonl', refusals);
console.log(`${entries.length + refusals.length} frames in ${OUTPUT}`);
