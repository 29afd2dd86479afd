import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DubboFrame } from './frame.ts';
import { recorded } from './testing/bodies.ts';
import { lookUp, mediation, parse, routing, timeoutOf } from './testing/codec.ts';

interface Capture {
  readonly name: string;
  readonly version: string;
  readonly serialization: string;
  readonly direction: 'up' | 'down';
  readonly kind: 'request' | 'response';
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

function frameOf({ file, offset, length }: Capture): Buffer {
  return files.get(file)?.subarray(offset, offset + length) ?? Buffer.alloc(0);
}

function edit(frame: DubboFrame, set: Record<string, string>, remove: string[]): Buffer | undefined {
  const pieces = mediation.edit(frame, { remove, set: new Map(Object.entries(set)), add: new Map() });
  return pieces === undefined ? undefined : Buffer.concat(pieces);
}

describe('what Dubbo 2.7 and 3.3 sent', () => {
  for (const file of files.keys()) {
    it(`is read and edited: ${file}`, () => {
      for (const capture of index.filter((each) => each.file === file)) {
        const label = `${capture.direction} ${capture.kind} "${capture.name}" at ${capture.offset}`;
        const b = frameOf(capture);
        const frame = parse(b);
        assert.equal(frame.defect, undefined, label);
        if (frame.kind === 'request' || frame.kind === 'oneway') {
          const [path, name] = lookUp(frame, 'path', 'interface');
          assert.equal(path, routing.service(frame), label);
          // a callback names no interface
          if (capture.direction === 'up') assert.equal(name, routing.service(frame), label);
          assert.match(routing.method(frame), /^\$?\w+$/, label);
          timeoutOf(frame);
        } else if (frame.kind === 'response') {
          const failed = /exception$/.test(capture.name) ? 'business-error' : 'ok';
          assert.equal(routing.outcome(frame), capture.name === 'no such service' ? 'not-found' : failed, label);
        } else {
          assert.match(frame.kind, /^(ping|pong|goaway|resume)$/, label);
          continue;
        }
        const changed = edit(frame, { 'polywire-test': '测试' }, []);
        if (frame.chunk[frame.from + 3] === 20 || frame.kind !== 'response') {
          assert.ok(changed !== undefined, label);
          assert.deepEqual(lookUp(parse(changed), 'polywire-test'), ['测试'], label);
          assert.deepEqual(edit(parse(changed), {}, ['polywire-test']), b, label);
        }
      }
    });
  }
});
