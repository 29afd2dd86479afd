import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATA, END_STREAM, PADDED } from '../frame.ts';
import { frame, headersFrame, POST, parseFrames, wordFrame } from '../testing/frames.ts';
import type { MemoryTransport } from '../testing/memory-transport.ts';
import { CallerPeer, ServicePeer } from '../testing/peers.ts';

const WINDOW_UPDATE = 8;
const large = (fill: number, bytes = 10_000) => Buffer.alloc(bytes, fill);

/** A caller and a service of which each hears what the other sends by way of the code under test. */
function relay() {
  const caller = new CallerPeer();
  caller.send(headersFrame(1, 0, POST));
  const service = new ServicePeer();
  const { stream } = service.open(false, POST);
  service.read();
  caller.exchange.onRequestData = (chunk, end) => stream.sendData(chunk, end);
  return { caller, service, stream };
}
function payloads(transport: MemoryTransport): Buffer[] {
  return parseFrames(transport.take()).flatMap(({ type, payload }) => (type === 0 ? [payload] : []));
}

test('frames that come together leave together, with the ids of their new streams, and the data as it was', () => {
  const { caller, service } = relay();
  const ranges: Buffer[] = [];
  const { writeRange } = service.transport;
  service.transport.writeRange = (buffer, from, to) => {
    ranges.push(buffer);
    writeRange.call(service.transport, buffer, from, to);
  };
  const chunk = Buffer.concat([
    frame(DATA, 0, 1, large(1)),
    frame(DATA, PADDED, 1, Buffer.concat([Buffer.from([3]), large(2), Buffer.alloc(3)])),
    frame(DATA, 0, 1, large(3)),
  ]);
  caller.connection.onBytes(chunk);
  assert.ok(
    ranges.every((buffer) => buffer === chunk),
    'nothing was copied',
  );
  assert.deepEqual(payloads(service.transport), [large(1), large(2), large(3)]);
});

test('data that came in pieces, and data that has to wait, is as it was', () => {
  const { caller, service } = relay();
  const bytes = Buffer.concat([frame(DATA, 0, 1, large(1)), frame(DATA, 0, 1, large(2)), frame(DATA, END_STREAM, 1, large(3))]);
  for (const [from, to] of [
    [0, 5],
    [5, 9],
    [9, 6000],
    [6000, 10_010],
    [10_010, 10_020],
    [10_020, bytes.length],
  ] as const) {
    caller.connection.onBytes(Buffer.from(bytes.subarray(from, to)));
  }
  assert.deepEqual(Buffer.concat(payloads(service.transport)), Buffer.concat([large(1), large(2), large(3)]));

  const waiting = relay();
  waiting.service.transport.full = true;
  waiting.caller.connection.onBytes(Buffer.concat([frame(DATA, 0, 1, large(4)), frame(DATA, 0, 1, large(5, 16_384))]));
  assert.deepEqual(payloads(waiting.service.transport), []);
  waiting.service.transport.full = false;
  waiting.service.connection.onDrain();
  assert.deepEqual(payloads(waiting.service.transport), [large(4), large(5, 16_384)]);
});

test('data that windows cut is as it was', () => {
  const { caller, service } = relay();
  const parts = [1, 2, 3, 4, 5, 6].map((fill) => large(fill, 16_000));
  for (const part of parts) caller.connection.onBytes(frame(DATA, 0, 1, part));
  // What the windows took is still on its way when the rest follows: of the fifth part in pieces, and of the sixth, which waited whole.
  service.connection.onBytes(wordFrame(WINDOW_UPDATE, 0, 1_000_000));
  for (const increment of [7000, 14_000, 1_000_000]) service.connection.onBytes(wordFrame(WINDOW_UPDATE, 1, increment));
  assert.deepEqual(Buffer.concat(payloads(service.transport)), Buffer.concat(parts));
});

test('data that frames cut is as it was', () => {
  const caller = new CallerPeer({ options: { maxFrameBytes: 65_536 } });
  const service = new ServicePeer();
  const { stream } = service.open(false, POST);
  service.read();
  caller.send(headersFrame(1, 0, POST));
  caller.exchange.onRequestData = (chunk, end) => stream.sendData(chunk, end);
  caller.connection.onBytes(frame(DATA, 0, 1, Buffer.concat([large(1, 16_384), large(2, 16_384), large(3, 5000)])));
  assert.deepEqual(payloads(service.transport), [large(1, 16_384), large(2, 16_384), large(3, 5000)]);
});

test('data that is sent twice, or by nobody, is as it was', () => {
  const { caller, service, stream } = relay();
  const kept: Buffer[] = [];
  caller.exchange.onRequestData = (chunk, end) => {
    kept.push(chunk);
    return stream.sendData(chunk, end);
  };
  caller.connection.onBytes(Buffer.concat([frame(DATA, 0, 1, large(1)), frame(DATA, 0, 1, large(2))]));
  service.read();
  const again = service.open(false, POST);
  service.read();
  for (const chunk of kept) again.stream.sendData(chunk, false);
  assert.deepEqual(payloads(service.transport), [large(1), large(2)]);
});
