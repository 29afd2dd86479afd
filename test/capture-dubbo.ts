import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Owner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { freePort } from './support/ports.ts';
import { startTap, type Tap, type TappedFrame } from './support/tap.ts';
import { direct, WIRES, type Wire } from './support/wires.ts';

// Records what unmodified Dubbo peers say to each other, as test data for the codec. Run by hand, after a change of the
// peers' versions or shapes: node test/dist/capture-dubbo.js

const OUTPUT = fileURLToPath(new URL('../../packages/protocol-dubbo/test-data/captures/', import.meta.url));
/** Long enough for every chunked form; what is larger only makes the repository heavy. */
const LARGEST_FRAME = 40 * 1024;
const VERSIONS = { dubbo27: '2.7.23', dubbo3: '3.3.6' } as const;
const FLAGS_OFFSET = 2;
const REQUEST = 0x80;
const TWO_WAY = 0x40;
const EVENT = 0x20;

/** One frame of a capture file. */
interface CaptureEntry {
  readonly name: string;
  readonly version: string;
  readonly serialization: string;
  /** `up`: sent by the side that connected. */
  readonly direction: 'up' | 'down';
  readonly kind: 'request' | 'response';
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

class Recorder {
  readonly entries: CaptureEntry[] = [];
  readonly #wire: Wire;
  readonly #tap: Tap;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #seen = 0;

  constructor(wire: Wire, tap: Tap) {
    this.#wire = wire;
    this.#tap = tap;
  }

  /** Does something and names the frames that passed meanwhile; waits for those it must see. */
  async during(name: string, act: () => Promise<unknown>, mustSee: readonly ((frame: TappedFrame) => boolean)[] = []): Promise<void> {
    this.#seen = this.#tap.frames.length;
    const outcome = await act().catch((error: unknown) => error);
    for (const accept of mustSee) await this.#tap.find(this.#seen, accept);
    const frames = this.#tap.frames.slice(this.#seen);
    if (frames.length === 0) throw new Error(`${name}: no frame passed (${outcome})`);
    for (const frame of frames) this.#keep(name, frame);
  }

  write(): void {
    writeFileSync(join(OUTPUT, this.#file), Buffer.concat(this.#chunks));
  }

  get #file(): string {
    return `dubbo-${VERSIONS[this.#wire.module]}-${this.#wire.serialization}.bin`;
  }

  #keep(name: string, { direction, bytes }: TappedFrame): void {
    if (bytes.length > LARGEST_FRAME) return;
    this.entries.push({
      name,
      version: VERSIONS[this.#wire.module],
      serialization: this.#wire.serialization,
      direction,
      kind: hasFlag(bytes, REQUEST) ? 'request' : 'response',
      file: this.#file,
      offset: this.#length,
      length: bytes.length,
    });
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }
}

async function capture(owner: Owner, wire: Wire): Promise<CaptureEntry[]> {
  const port = await freePort();
  const exports = [{ name: 'one', port, serialization: wire.serialization, version: '1.0.0', group: 'blue' }];
  const provider = await Provider.start(owner, wire.module, { exports });
  const tap = await startTap(owner, port);
  const consumer = await Consumer.start(owner, wire.module);
  const recorder = new Recorder(wire, tap);
  const key = { version: '1.0.0', group: 'blue' };
  for (const service of ['EchoService', 'CallService', 'ListenService'] as const) {
    await consumer.refer(direct(wire, tap.port, service, service, key));
  }
  await consumer.refer(direct(wire, tap.port, 'generic', 'CallService', { ...key, generic: true }));
  await consumer.refer(direct(wire, tap.port, 'absent', 'CallService', { version: '9.9.9' }));

  for (const shape of Object.keys(await consumer.suite('EchoService'))) {
    await recorder.during(shape, () => consumer.suite('EchoService', [shape]));
  }
  await captureCalls(recorder, consumer);
  await captureEvents(recorder, { consumer, provider, wire, port: tap.port });
  recorder.write();
  return recorder.entries;
}

async function captureCalls(recorder: Recorder, consumer: Consumer): Promise<void> {
  const on = 'CallService';
  const attachments = { 'dubbo.tag': 'gray', colour: 'green', 'x-empty': '', 'x-chinese': '你好', 'x-long': 'v'.repeat(2000) };
  await recorder.during('attachments', () => consumer.call({ on, method: 'who', args: ['t'], attachments }));
  await recorder.during('checked exception', () => consumer.call({ on, method: 'failChecked', args: ['a1'] }));
  await recorder.during('unchecked exception', () => consumer.call({ on, method: 'failUnchecked', args: ['broken'] }));
  await recorder.during('one-way', () => consumer.call({ on, method: 'tell', args: ['t'], how: 'oneWay' }), [isOneWay]);
  await recorder.during('future returned', () => consumer.call({ on, method: 'later', args: [10, 't'] }));
  await recorder.during('future around a call', () => consumer.call({ on, method: 'who', args: ['t'], how: 'async' }));
  await recorder.during('echo', () => consumer.call({ on, method: '$echo', args: ['hello'] }));
  const generic = { on: 'generic', method: 'who', args: ['t'], types: ['java.lang.String'] };
  await recorder.during('generic', () => consumer.call(generic));
  await recorder.during('generic asynchronous', () => consumer.call({ ...generic, how: 'async' }));
  await recorder.during('generic exception', () => consumer.call({ ...generic, method: 'failChecked' }));
  await recorder.during('no such service', () => consumer.call({ on: 'absent', method: 'who', args: ['t'] }));
  await recorder.during('callback subscribed', () => consumer.call({ on: 'ListenService', method: 'subscribe', args: ['key', 'ear'] }));
  await recorder.during('callback called', () => consumer.call({ on: 'ListenService', method: 'publish', args: ['key', 'news'] }));
}

async function captureEvents(
  recorder: Recorder,
  peers: { consumer: Consumer; provider: Provider; wire: Wire; port: number },
): Promise<void> {
  const refer = direct(peers.wire, peers.port, 'idle', 'CallService', {
    version: '1.0.0',
    group: 'blue',
    connections: 1,
    parameters: { heartbeat: '1000' },
  });
  const heartbeat = (request: boolean) => (frame: TappedFrame) => hasFlag(frame.bytes, EVENT) && hasFlag(frame.bytes, REQUEST) === request;
  await recorder.during('heartbeat', () => peers.consumer.refer(refer), [heartbeat(true), heartbeat(false)]);
  // Idle long enough for its own heartbeats, it would add frames to the capture below.
  await peers.consumer.close('idle');
  await recorder.during('readonly', () => peers.provider.stop(), [isOneWay]);
}

function isOneWay(frame: TappedFrame): boolean {
  return hasFlag(frame.bytes, REQUEST) && !hasFlag(frame.bytes, TWO_WAY);
}

function hasFlag(frame: Buffer, flag: number): boolean {
  return (frame.readUInt8(FLAGS_OFFSET) & flag) !== 0;
}

const ends: (() => void | Promise<void>)[] = [];
mkdirSync(OUTPUT, { recursive: true });
const entries: CaptureEntry[] = [];
for (const wire of WIRES) entries.push(...(await capture({ after: (end) => void ends.push(end) }, wire)));
for (const end of ends.reverse()) await end();
writeFileSync(join(OUTPUT, 'index.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
console.log(`${entries.length} frames in ${OUTPUT}`);
