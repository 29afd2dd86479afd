import type { Frame, HeaderEdits, NewFront } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkBytes, checkSame, NotApplicable } from './case.ts';
import { fewestChanges } from './fewest-changes.ts';
import { Ids } from './ids.ts';
import { mediationOf } from './replies.ts';
import { names, routingOf, scanner } from './scans.ts';
import { bytesOf, type Subject } from './subject.ts';

const NEW_HEADER = 'polywire-conformance-new';
/** Values at the edges of length fields, in several scripts. */
const VALUES = ['v', '', 'größer 服务 🙂', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(255), 'x'.repeat(1024), 'x'.repeat(40_000)];
/** Values that would be something else if they were written without care. */
const HOSTILE_VALUES = ['a\nb', 'a\r\nb: c', 'a\0b', 'a b=c', '|', '\ud83d'];
/** Length fields, counts and the like that follow from an inserted header. */
const FOLLOWING_BYTES = 16;

export function edits(change: {
  remove?: readonly string[];
  set?: readonly [string, string][];
  add?: readonly [string, string][];
}): HeaderEdits {
  return { remove: change.remove ?? [], set: new Map(change.set), add: new Map(change.add) };
}

/** The edited frame's bytes; undefined when the codec says that this frame cannot be edited. */
export function edited(subject: Subject, frame: Frame, change: HeaderEdits, what: string, front?: NewFront): Buffer | undefined {
  const before = bytesOf(frame);
  const pieces = calling(`${what}: edit()`, () => mediationOf(subject).edit(frame, change, front));
  if (pieces === undefined) return undefined;
  checkBytes(bytesOf(frame), before, `${what}: edit() wrote to the frame it was given`);
  return Buffer.concat(pieces);
}

interface Editable {
  readonly what: string;
  readonly bytes: Buffer;
  readonly frame: Frame;
  /** As listed by the codec; the first of each name counts. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Requests that the codec agrees to edit. */
function editable(subject: Subject): Editable[] {
  mediationOf(subject);
  const routing = routingOf(subject);
  const probe = edits({ set: [[NEW_HEADER, 'v']] });
  const found = subject.known
    .filter(({ kind }) => kind === 'request' || kind === 'oneway')
    .map(({ label, bytes }) => ({ what: label, bytes, frame: subject.frame('downstream', bytes, label) }))
    .filter(({ what, frame }) => edited(subject, frame, probe, what) !== undefined);
  if (found.length === 0) throw new NotApplicable('edit() says of every request sample that it cannot be edited');
  return found.map((known) => ({ ...known, headers: new Map([...routing.headers(known.frame)].toReversed()) }));
}

/** Edits, decodes the outcome, and checks that `wanted` is what the headers are now and that all else is as it was. */
function checkEdit(subject: Subject, known: Editable, change: HeaderEdits, wanted: ReadonlyMap<string, string | undefined>): Buffer {
  const { what, frame, headers } = known;
  const asked = `${what} with remove ${change.remove}, set ${[...change.set.keys()]}, add ${[...change.add.keys()]}`;
  const bytes = edited(subject, frame, change, asked);
  check(bytes !== undefined, `${asked}: edit() refused what it takes otherwise`);
  const after = subject.frame('downstream', bytes, asked);
  const routing = routingOf(subject);
  checkSame([after.kind, after.defect], [frame.kind, undefined], `${asked}: kind and defect`);
  checkSame(
    [routing.service(after), routing.method(after)],
    [routing.service(frame), routing.method(frame)],
    `${asked}: service and method`,
  );
  for (const [name, value] of wanted) checkSame(scanner(subject, names([name]))(after).values, [value], `${asked}: "${name}"`);
  const others = [...headers.keys()].filter((name) => !wanted.has(name) && !name.startsWith(':'));
  const scan = scanner(subject, names(others));
  checkSame(scan(after).values, scan(frame).values, `${asked}: the other headers ${others}`);
  return bytes;
}

/** Whether the codec says that a value does not fit, and may. */
function isRefused(subject: Subject, { what, frame }: Editable, value: string): boolean {
  if (value.length <= (subject.options.maxValueLength ?? Number.POSITIVE_INFINITY)) return false;
  return edited(subject, frame, edits({ set: [[NEW_HEADER, value]] }), what) === undefined;
}

/** The first header that is no pseudo-header and says nothing of the service, if the frame has one. */
function existing(subject: Subject, known: Editable): readonly [string, string] | undefined {
  return [...known.headers].find(([name]) => !name.startsWith(':') && subject.options.routingHeaders?.includes(name) !== true);
}

/** Level 4: what may be changed. */
export const editCases: readonly ConformanceCase[] = [
  {
    facet: 'mediation',
    name: 'an edit that asks for nothing gives back the same bytes',
    run(subject) {
      for (const { what, bytes, frame } of editable(subject)) {
        for (const change of [edits({}), edits({ remove: [NEW_HEADER] })]) {
          const after = edited(subject, frame, change, what);
          check(after !== undefined, `${what}: edit() refused to change nothing`);
          checkBytes(after, bytes, `${what} after an edit of nothing`);
        }
      }
    },
  },
  {
    facet: 'mediation',
    name: 'a header that is set or added is there, and no other byte is lost',
    run(subject) {
      for (const known of editable(subject)) {
        for (const value of VALUES) {
          if (isRefused(subject, known, value)) continue;
          const wanted = new Map([[NEW_HEADER, value]]);
          const set = checkEdit(subject, known, edits({ set: [[NEW_HEADER, value]] }), wanted);
          checkEdit(subject, known, edits({ add: [[NEW_HEADER, value]] }), wanted);
          const lost = fewestChanges(known.bytes, set);
          const allowed = FOLLOWING_BYTES + (subject.options.checksumBytes ?? 0);
          check(lost <= allowed, `${known.what}: setting a header of ${value.length} characters changed ${lost} of the sender's bytes`);
        }
      }
    },
  },
  {
    facet: 'mediation',
    name: 'a header that exists is replaced by set, appended to by add, gone after remove',
    run(subject) {
      let found = 0;
      for (const known of editable(subject)) {
        const header = existing(subject, known);
        if (header === undefined) continue;
        const [name, value] = header;
        const both = edits({ remove: [name], set: [[NEW_HEADER, 'one']], add: [[NEW_HEADER, 'two']] });
        checkEdit(subject, known, edits({ set: [[name, 'replaced']] }), new Map([[name, 'replaced']]));
        checkEdit(subject, known, edits({ add: [[name, 'more']] }), new Map([[name, `${value},more`]]));
        checkEdit(subject, known, edits({ remove: [name] }), new Map([[name, undefined]]));
        checkEdit(subject, known, edits({ remove: [name], set: [[name, 'again']] }), new Map([[name, 'again']]));
        checkEdit(subject, known, both, new Map([[name, undefined], [NEW_HEADER, 'one,two']])); // biome-ignore format: a table
        found++;
      }
      if (found === 0) throw new NotApplicable('no request sample that can be edited has a header');
    },
  },
  {
    facet: 'mediation',
    name: 'values that look like other things stay inside their frame',
    run(subject) {
      for (const { what, frame } of editable(subject)) {
        for (const value of HOSTILE_VALUES) {
          const shown = `${what} with a header of value ${JSON.stringify(value)}`;
          const after = edited(subject, frame, edits({ set: [[NEW_HEADER, value]] }), shown);
          if (after !== undefined) checkSame(subject.frame('downstream', after, shown).kind, frame.kind, shown);
        }
      }
    },
  },
  {
    facet: 'mediation',
    name: 'an edit keeps the id that was assigned before it',
    run(subject) {
      const ids = new Ids(subject);
      for (const { what, bytes } of editable(subject)) {
        const assigned = ids.assign(bytes, ids.facet.maxId, what);
        const frame = subject.frame('downstream', bytes, what);
        const front = ids.facet.assignId(frame, ids.facet.maxId);
        const change = edits({ set: [[NEW_HEADER, 'v']] });
        const wanted = edited(subject, subject.frame('downstream', assigned, what), change, what);
        const after = edited(subject, frame, change, what, front);
        check(after !== undefined && wanted !== undefined, `${what}: edit() refused a frame with another id`);
        checkBytes(after, wanted, `${what} edited after assignId()`);
      }
    },
  },
];
