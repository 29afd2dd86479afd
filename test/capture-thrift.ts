import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ThriftLanguage } from './support/build-thrift.ts';
import type { Owner } from './support/owner.ts';
import { startTap, type Tap } from './support/tap.ts';
import { peekThrift, type ThriftStart } from './support/thrift-peek.ts';
import { ThriftConsumer, type ThriftExport, ThriftProvider } from './support/thrift-peers.ts';
import { THRIFT_LANGUAGES, THRIFT_VERSIONS, wireName, wiresBetween } from './support/thrift-wires.ts';

// Records what unmodified Thrift peers say to each other, as test data for the codec. Run by hand, after a change of the
// peers' versions or shapes: node test/dist/capture-thrift.js [java|node|python|go ...]

const OUTPUT = fileURLToPath(new URL('../../packages/protocol-thrift/test-data/captures/', import.meta.url));
/** What is larger only makes the repository heavy. */
const LARGEST_MESSAGE = 4096;
const HEADERS = { colour: 'green', 'x-empty': '', 'x-chinese': '你好', 'x-long': 'v'.repeat(200) };

/** One message of a capture file: with its frame where it has one, else the bytes between two others. */
interface CaptureEntry {
  readonly name: string;
  /** The library on both sides. */
  readonly language: ThriftLanguage;
  readonly version: string;
  readonly transport: string;
  readonly protocol: string;
  readonly multiplexed: boolean;
  readonly transforms: readonly string[];
  /** `up`: sent by the side that connected. */
  readonly direction: 'up' | 'down';
  /** The type in the message, whatever the method is. */
  readonly kind: string;
  /** As on the wire: with the service before a colon when multiplexed. */
  readonly method: string;
  readonly seqid: number;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

class Recorder {
  readonly entries: CaptureEntry[] = [];
  readonly #language: ThriftLanguage;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(language: ThriftLanguage) {
    this.#language = language;
  }

  /** Does something and keeps what passed meanwhile: one message each way at most. */
  async during(name: string, wire: ThriftExport, tap: Tap, act: () => Promise<unknown>): Promise<void> {
    const seen = tap.frames.length;
    const outcome = await act().catch((error: unknown) => error);
    for (const direction of ['up', 'down'] as const) {
      const bytes = Buffer.concat(tap.frames.slice(seen).flatMap((chunk) => (chunk.direction === direction ? [chunk.bytes] : [])));
      if (bytes.length > 0) this.#keep(name, wire, direction, bytes);
      else if (direction === 'up') throw new Error(`${this.#language} ${wire.name} ${name}: no message passed (${outcome})`);
    }
  }

  write(): void {
    writeFileSync(join(OUTPUT, this.#file), Buffer.concat(this.#chunks));
  }

  get #file(): string {
    return `thrift-${this.#language}-${THRIFT_VERSIONS[this.#language]}.bin`;
  }

  #keep(name: string, wire: ThriftExport, direction: 'up' | 'down', bytes: Buffer): void {
    if (bytes.length > LARGEST_MESSAGE) return;
    this.entries.push({
      name,
      language: this.#language,
      version: THRIFT_VERSIONS[this.#language],
      transport: wire.transport,
      protocol: wire.protocol,
      multiplexed: wire.multiplexed === true,
      transforms: wire.transforms ?? [],
      direction,
      ...startOf(name, wire, bytes),
      file: this.#file,
      offset: this.#length,
      length: bytes.length,
    });
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }
}

function startOf(name: string, wire: ThriftExport, bytes: Buffer): ThriftStart {
  try {
    return peekThrift(bytes, wire.transport);
  } catch (cause) {
    throw new Error(`${wire.name} ${name}: cannot read ${bytes.toString('hex')}`, { cause });
  }
}

async function capture(owner: Owner, language: ThriftLanguage): Promise<CaptureEntry[]> {
  const wires = wiresBetween(language, language)
    .filter(({ protocol }) => protocol !== 'json')
    .map((wire) => ({ ...wire, name: wireName(wire) }));
  const provider = await ThriftProvider.start(owner, language, wires);
  const consumer = await ThriftConsumer.start(owner, language);
  const recorder = new Recorder(language);
  for (const wire of wires) await captureWire(owner, recorder, { wire, consumer, target: provider.port(wire.name) });
  recorder.write();
  return recorder.entries;
}

async function captureWire(
  owner: Owner,
  recorder: Recorder,
  { wire, consumer, target }: { wire: ThriftExport; consumer: ThriftConsumer; target: number },
): Promise<void> {
  const tap = await startTap(owner, target, 'chunks');
  const on = wire.name;
  const direct = `${on} directly`;
  await consumer.open({ ...wire, on, port: tap.port });
  await consumer.open({ ...wire, on: direct, port: target });
  const record = (name: string, act: () => Promise<unknown>) => recorder.during(name, wire, tap, act);
  await record('call', () => consumer.who(on));
  if (wire.transport === 'header') await record('call with headers', () => consumer.who(on, HEADERS));
  // The values are the same in multiplexed calls.
  const shapes = wire.multiplexed === true ? {} : await consumer.suite(direct);
  for (const shape of Object.keys(shapes)) await record(shape, () => consumer.suite(on, [shape]));
  await record('scalar arguments', () =>
    consumer.call({ on, method: 'pick', args: [true, -7, 300, -70_000, 5_000_000_000, 1.5, 'picked', 200] }),
  );
  await record('declared exception', () => consumer.call({ on, method: 'fail', args: ['a1'] }));
  await record('undeclared exception', () => consumer.call({ on, method: 'crash', args: ['broken'] }));
  await record('one-way', async () => {
    await consumer.call({ on, method: 'note', args: [on] });
    // It has passed when the service knows.
    let noted: unknown;
    do noted = await consumer.call({ on: direct, method: 'noted' });
    while (!JSON.stringify(noted).includes(on));
  });
  await record('call after a one-way', () => consumer.who(on));
  // The last: some servers close the connection.
  await record('no such method', () => consumer.call({ on, method: 'added', args: ['a'] }));
  await consumer.close(on);
  await consumer.close(direct);
  if (wire.multiplexed !== true) return;
  await consumer.open({ ...wire, on, port: tap.port, service: 'Others' });
  await record('call of another service', () => consumer.who(on));
  await consumer.close(on);
  await consumer.open({ ...wire, on, port: tap.port, service: 'Others', serviceName: 'Nowhere', timeout: 500 });
  await record('no such service', () => consumer.who(on));
  await consumer.close(on);
}

const ends: (() => void | Promise<void>)[] = [];
mkdirSync(OUTPUT, { recursive: true });
const entries: CaptureEntry[] = [];
const languages = THRIFT_LANGUAGES.filter((each) => process.argv.length < 3 || process.argv.includes(each));
for (const language of languages) entries.push(...(await capture({ after: (end) => void ends.push(end) }, language)));
for (const end of ends.reverse()) await end();
writeFileSync(join(OUTPUT, 'index.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
console.log(`${entries.length} messages in ${OUTPUT}`);
