import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '@polywire/core/spi';
import type { ThriftFrame } from './frame.ts';
import { bare, connect, lookUp, parse, sent, there } from './testing/codec.ts';
import { recorded } from './testing/messages.ts';

const { routing, multiplexing, mediation } = bare;

interface Capture {
  readonly name: string;
  readonly language: string;
  readonly transport: 'unframed' | 'framed' | 'header';
  readonly protocol: string;
  readonly multiplexed: boolean;
  readonly transforms: readonly string[];
  readonly direction: 'up' | 'down';
  readonly kind: string;
  readonly method: string;
  readonly seqid: number;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

const index: Capture[] = recorded('captures/index.jsonl')
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const files = new Map([...new Set(index.map(({ file }) => file))].map((file) => [file, recorded(`captures/${file}`)]));
const KINDS: Readonly<Record<string, string>> = { call: 'request', oneway: 'oneway', reply: 'response', exception: 'response' };
const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ['declared exception', 'business-error'],
  ['undeclared exception', 'failure'],
  ['no such method', 'not-found'],
]);

function bytesOf({ file, offset, length }: Capture): Buffer {
  return there(files.get(file)?.subarray(offset, offset + length));
}

function read(capture: Capture): ThriftFrame {
  return parse(bytesOf(capture), connect(capture.direction === 'up' ? 'downstream' : 'upstream'));
}

function labelOf({ name, transport, protocol, direction, kind, offset }: Capture): string {
  return `${direction} ${kind} "${name}" in ${transport} ${protocol} at ${offset}`;
}

describe('what the libraries of Apache Thrift sent', () => {
  for (const file of files.keys()) {
    const captures = index.filter((each) => each.file === file);
    it(`is read: ${file}`, () => {
      for (const capture of captures) {
        const label = labelOf(capture);
        const frame = read(capture);
        assert.equal(frame.defect, undefined, label);
        assert.deepEqual(lookUp(frame, ':transport'), [capture.transport], label);
        if (capture.transforms.length > 0) {
          assert.equal(frame.kind, KINDS[capture.kind], label);
          assert.equal(multiplexing.assignable?.(frame), false, label);
          continue;
        }
        assert.equal(frame.kind, KINDS[capture.kind], label);
        assert.deepEqual(lookUp(frame, ':encoding'), [capture.protocol.startsWith('compact') ? 'compact' : 'binary'], label);
        assert.equal(frame.seqid, capture.seqid, label);
        if (frame.kind === 'response') {
          assert.equal(routing.outcome(frame), OUTCOMES.get(capture.name) ?? 'ok', label);
        } else {
          const parts = [routing.service(frame), routing.method(frame)].filter((part) => part !== '');
          assert.deepEqual([parts.join(':'), parts.length === 2], [capture.method, capture.multiplexed], label);
        }
      }
    });

    it(`gets another sequence id and its own back, byte for byte: ${file}`, () => {
      for (const capture of captures) {
        const frame = read(capture);
        if (frame.opaque !== undefined || frame.kind === 'oneway') continue;
        const label = labelOf(capture);
        for (const id of [1, 300, 0x7fffffff]) {
          const caller = read(capture);
          if (frame.kind === 'request') {
            const changed = parse(sent(caller, multiplexing.assignId(caller, id)));
            assert.equal(changed.seqid, id, label);
            assert.deepEqual(sent(changed, multiplexing.restoreId(changed, read(capture))), bytesOf(capture), label);
          } else {
            const other = parse(sent(caller, multiplexing.restoreId(caller, request(caller, id))), connect('upstream'));
            assert.equal(multiplexing.assignedId(other), id, label);
            assert.deepEqual(sent(other, multiplexing.restoreId(other, read(capture))), bytesOf(capture), label);
          }
        }
      }
    });

    it(`is edited and put back: ${file}`, () => {
      const set = { remove: [], set: new Map([['polywire-test', '测试']]), add: new Map<string, string>() };
      const remove = { remove: ['polywire-test'], set: new Map<string, string>(), add: new Map<string, string>() };
      for (const capture of captures) {
        const label = labelOf(capture);
        const frame = read(capture);
        const pieces = mediation.edit(frame, set);
        assert.equal(pieces !== undefined, capture.transport === 'header', label);
        if (pieces === undefined) continue;
        const changed = parse(Buffer.concat([...pieces]), connect(capture.direction === 'up' ? 'downstream' : 'upstream'));
        assert.deepEqual(lookUp(changed, 'polywire-test'), ['测试'], label);
        const back = parse(Buffer.concat([...there(mediation.edit(changed, remove))]));
        assert.deepEqual(lookUp(back, 'polywire-test'), [undefined], label);
        assert.deepEqual(messageOf(back), messageOf(frame), label);
      }
    });
  }
});

function messageOf({ chunk, from, to, messageAt }: ThriftFrame): Buffer {
  return Buffer.from(chunk.subarray(from + messageAt, to));
}

/** The caller of an answer, but with another sequence id. */
function request(answer: ThriftFrame, seqid: number): ThriftFrame {
  return Object.assign(Object.create(answer), { seqid, seqidBytes: undefined, headerSeqid: seqid });
}
