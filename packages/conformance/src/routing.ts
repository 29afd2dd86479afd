import type { Outcome } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkSame, NotApplicable } from './case.ts';
import { describeMeaning } from './describe.ts';
import { calls } from './samples.ts';
import { canHave, knownNames, names, routingOf, scanner, UNKNOWN_HEADER } from './scans.ts';
import { bytesOf } from './subject.ts';

export const OUTCOMES: readonly Outcome[] = ['ok', 'business-error', 'overload', 'not-found', 'denied', 'timeout', 'failure'];

/** Level 3: who it is for, how long it may take, how it went. */
export const routingCases: readonly ConformanceCase[] = [
  {
    facet: 'routing',
    name: 'service, method, headers and timeout of each request are what its author says',
    run(subject) {
      const routing = routingOf(subject);
      for (const sample of calls(subject.options.samples)) {
        const frame = subject.frame('downstream', sample.bytes, sample.name);
        const what = `request "${sample.name}"`;
        if (sample.service !== undefined) checkSame(routing.service(frame), sample.service, `${what}: service()`);
        if (sample.method !== undefined) checkSame(routing.method(frame), sample.method, `${what}: method()`);
        const wanted = Object.keys(sample.headers ?? {});
        const found = scanner(subject, { names: wanted, timeout: true, affinity: true })(frame);
        checkSame(
          found.values,
          wanted.map((name) => sample.headers?.[name]),
          `${what}: scan(${wanted})`,
        );
        if (sample.timeoutMs !== undefined) checkSame(found.timeoutMs, sample.timeoutMs, `${what}: timeoutMs`);
        if (sample.bindsConnection !== undefined) checkSame(found.bindsConnection, sample.bindsConnection, `${what}: bindsConnection`);
      }
    },
  },
  {
    facet: 'routing',
    name: 'several names in one walk are found as one by one, in any order, and a scan keeps nothing of the last frame',
    run(subject) {
      const list = knownNames(subject);
      const together = scanner(subject, { names: list, timeout: true, affinity: true });
      const backwards = scanner(subject, names(list.toReversed()));
      const timeout = scanner(subject, { names: [], timeout: true, affinity: false });
      for (let round = 0; round < 2; round++) {
        for (const { name, bytes } of calls(subject.options.samples)) {
          const frame = subject.frame('downstream', bytes, name);
          const what = `request "${name}", names ${list}`;
          const found = together(frame);
          checkSame(
            found.values,
            list.flatMap((header) => scanner(subject, names([header]))(frame).values),
            `${what}: one walk, against one by one`,
          );
          checkSame(backwards(frame).values.toReversed(), found.values, `${what}: in the other order`);
          checkSame(timeout(frame).timeoutMs, found.timeoutMs, `${what}: timeout alone`);
        }
      }
    },
  },
  {
    facet: 'routing',
    name: 'a header that is not there is undefined',
    run(subject) {
      if (!canHave(subject, UNKNOWN_HEADER)) throw new NotApplicable('the protocol refuses unknown header names');
      const scan = scanner(subject, names([UNKNOWN_HEADER]));
      for (const { name, bytes } of calls(subject.options.samples)) {
        checkSame(scan(subject.frame('downstream', bytes, name)).values, [undefined], `request "${name}": an absent header`);
      }
    },
  },
  {
    facet: 'routing',
    name: 'headers() lists what a scan finds',
    run(subject) {
      const routing = routingOf(subject);
      for (const { name, bytes, headers } of calls(subject.options.samples)) {
        const frame = subject.frame('downstream', bytes, name);
        const listed = [...routing.headers(frame)];
        for (const header of Object.keys(headers ?? {}).filter((key) => headers?.[key] !== undefined && !key.startsWith(':'))) {
          const found = listed.some(
            ([key]) => key === header || (!routing.caseSensitiveHeaders && key.toLowerCase() === header.toLowerCase()),
          );
          check(found, `request "${name}": headers() does not list "${header}"`);
        }
        for (const [header] of listed) {
          const [value] = scanner(subject, names([header]))(frame).values;
          const values = listed.filter(([key]) => key === header).map(([, text]) => text);
          check(typeof value === 'string' && values.includes(value), `request "${name}": headers() and a scan differ on "${header}"`);
        }
      }
    },
  },
  {
    facet: 'routing',
    name: 'header names compare exactly, or without case, as caseSensitiveHeaders says',
    run(subject) {
      const routing = routingOf(subject);
      let compared = 0;
      for (const { name, bytes } of calls(subject.options.samples)) {
        const frame = subject.frame('downstream', bytes, name);
        const listed = new Map(routing.headers(frame));
        for (const [header, value] of listed) {
          const other = header === header.toUpperCase() ? header.toLowerCase() : header.toUpperCase();
          if (other === header || listed.has(other) || !canHave(subject, other)) continue;
          const found = scanner(subject, names([other]))(frame).values;
          checkSame(found, [routing.caseSensitiveHeaders ? undefined : value], `request "${name}": looking for "${header}" as "${other}"`);
          compared++;
        }
      }
      if (compared === 0) throw new NotApplicable('no sample has a header');
    },
  },
  {
    facet: 'routing',
    name: 'the outcome of each response is what its author says',
    run(subject) {
      const routing = routingOf(subject);
      for (const { name, bytes, outcome } of subject.response()) {
        const said = calling('routing.outcome()', () => routing.outcome(subject.frame('upstream', bytes, name)));
        check(OUTCOMES.includes(said), `response "${name}": outcome() is ${String(said)}`);
        if (outcome !== undefined) checkSame(said, outcome, `response "${name}": outcome()`);
      }
    },
  },
  {
    facet: 'routing',
    name: 'setRemainingMs writes the remaining time in place, or leaves the frame alone',
    run(subject) {
      const routing = routingOf(subject);
      if (routing.setRemainingMs === undefined) throw new NotApplicable('the codec has no setRemainingMs');
      const timeout = scanner(subject, { names: [], timeout: true, affinity: false });
      for (const { name, bytes } of calls(subject.options.samples)) {
        for (const ms of [1, 99, 1234, 60_000, 0x7fff_ffff]) {
          const frame = subject.frame('downstream', bytes, name);
          const before = timeout(frame).timeoutMs;
          calling(`setRemainingMs(${ms})`, () => routing.setRemainingMs?.(frame, ms));
          const after = subject.frame('downstream', bytesOf(frame), `request "${name}" after setRemainingMs(${ms})`);
          const { headers: _headers, ...meaning } = describeMeaning(subject, after);
          const { headers: _original, ...wanted } = describeMeaning(subject, subject.frame('downstream', bytes, name));
          checkSame(meaning, wanted, `request "${name}" after setRemainingMs(${ms})`);
          const { timeoutMs } = timeout(after);
          check(timeoutMs === before || timeoutMs === ms, `request "${name}": setRemainingMs(${ms}) made timeoutMs ${timeoutMs}`);
        }
      }
    },
  },
];
