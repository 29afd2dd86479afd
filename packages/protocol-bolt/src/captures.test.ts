import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '@polywire/core/spi';
import type { BoltFrame } from './frame.ts';
import { bytesOf, dialectOf, lookUp, mediation, multiplexing, parse, routing, timeoutOf } from './testing/codec.ts';
import { bytesOfCapture, type Capture, captures } from './testing/recorded.ts';

const DIALECTS = ['1', '2.1', '2.2'];
const KINDS = {
  request: 'request',
  'one-way': 'oneway',
  response: 'response',
  heartbeat: 'ping',
  'heartbeat acknowledgement': 'pong',
} as const;

function edit(frame: BoltFrame, set: Record<string, string>, remove: string[]): Buffer | undefined {
  const pieces = mediation.edit(frame, { remove, set: new Map(Object.entries(set)), add: new Map() });
  return pieces === undefined ? undefined : Buffer.concat(pieces);
}

function expectedOutcome({ name }: Capture, frame: BoltFrame): Outcome {
  if (frame.timeoutOrStatus === 4) return 'overload';
  // the Node service has not all methods of the Java one
  if (frame.chunk.includes('Can not find method')) return 'not-found';
  return name === 'no such service' ? 'not-found' : /exception$/.test(name) ? 'business-error' : 'ok';
}

function checkRequest(capture: Capture, frame: BoltFrame, label: string): void {
  assert.match(routing.service(frame), /^[\w.]+$/, label);
  assert.match(routing.method(frame), /^\w+$/, label);
  const [version, name] = lookUp(frame, ':version', 'service');
  assert.equal(`${routing.service(frame)}:${String(version)}`, name, label);
  assert.equal(timeoutOf(frame) > 0, frame.timeoutOrStatus > 0, label);
  assert.equal(dialectOf(frame), DIALECTS.indexOf(capture.bolt), label);
}

describe('what SOFARPC in Java and in Node sent', () => {
  for (const file of new Set(captures.map((each) => each.file))) {
    it(`is read, numbered and edited: ${file}`, () => {
      for (const capture of captures.filter((each) => each.file === file)) {
        const label = `${capture.direction} ${capture.kind} "${capture.name}" at ${capture.offset}`;
        const b = bytesOfCapture(capture);
        const frame = parse(b);
        assert.deepEqual([frame.kind, frame.defect], [KINDS[capture.kind], undefined], label);
        if (frame.kind === 'request' || frame.kind === 'oneway') checkRequest(capture, frame, label);
        else if (frame.kind === 'response') assert.equal(routing.outcome(frame), expectedOutcome(capture, frame), label);
        else continue;
        const changed = edit(frame, { 'polywire-test': '测试' }, []);
        assert.ok(changed !== undefined, label);
        assert.deepEqual(lookUp(parse(changed), 'polywire-test'), ['测试'], label);
        assert.deepEqual(edit(parse(changed), {}, ['polywire-test']), b, label);
        const numbered = parse(b);
        multiplexing.assignId(numbered, 0x12345678);
        assert.equal(parse(bytesOf(numbered)).id, 0x12345678, label);
        multiplexing.restoreId(numbered, frame);
        assert.deepEqual(bytesOf(numbered), b, label);
      }
    });
  }
});
