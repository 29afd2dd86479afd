import type { Frame } from '@polywire/core/spi';
import { bytesOf, type Subject } from './subject.ts';

/** Everything the codec says of a whole frame, comparable with checkSame. */
export function describeFrame(subject: Subject, frame: Frame): Record<string, unknown> {
  const { routing } = subject.protocol;
  const common = { kind: frame.kind, length: frame.length, defect: frame.defect, bytes: bytesOf(frame).toString('hex') };
  if (routing === undefined) return common;
  if (frame.kind === 'response') return { ...common, outcome: routing.outcome(frame), headers: [...routing.headers(frame)] };
  if (frame.kind !== 'request' && frame.kind !== 'oneway') return common;
  return { ...common, service: routing.service(frame), method: routing.method(frame), headers: [...routing.headers(frame)] };
}

/** The same without the bytes, for frames of which some bytes were meant to change. */
export function describeMeaning(subject: Subject, frame: Frame): Record<string, unknown> {
  const { bytes: _bytes, length: _length, ...meaning } = describeFrame(subject, frame);
  return meaning;
}
