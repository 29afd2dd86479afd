import { writeFileSync } from 'node:fs';
import { type ConformanceCase, type Facet, NotApplicable } from './case.ts';
import type { ConformanceOptions } from './samples.ts';
import { Subject } from './subject.ts';
import { allCases, facetsOf } from './suite.ts';

/** What came of one case. `absent`: the codec lacks the facet, or there was no sample to try it with. */
export interface CaseVerdict {
  readonly facet: Facet;
  readonly case: string;
  readonly status: 'pass' | 'fail' | 'absent';
  /** Why it failed or was absent; empty when it passed. */
  readonly detail: string;
  readonly seed: number;
}

/** What came of the whole suite: the same for the same codec, samples, seed and number of runs. */
export interface Verdict {
  readonly protocol: string;
  readonly seed: number;
  readonly fuzzRuns: number;
  /** No case failed. */
  readonly passed: boolean;
  readonly cases: readonly CaseVerdict[];
}

const CI_SEED = 20_260_101;
const DEFAULT_FUZZ_RUNS = 500;

function setting(name: string): string | undefined {
  const text = process.env[name];
  return text === '' ? undefined : text;
}

function fromEnvironment(name: string): number | undefined {
  const text = setting(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} is "${text}", which is no whole number`);
  return value;
}

/** The seed and the number of random inputs that options and environment ask for. */
export function runOf(options: Pick<ConformanceOptions, 'seed' | 'fuzzRuns'>): Pick<Subject, 'seed' | 'fuzzRuns'> {
  const inCi = setting('CI') !== undefined;
  const seed = options.seed ?? fromEnvironment('POLYWIRE_SEED') ?? (inCi ? CI_SEED : Math.floor(Math.random() * 0x7fff_ffff));
  return { seed, fuzzRuns: options.fuzzRuns ?? fromEnvironment('POLYWIRE_FUZZ_RUNS') ?? DEFAULT_FUZZ_RUNS };
}

/** The codec with its samples, ready for cases. Seed: option, `POLYWIRE_SEED`, a constant when `CI` is set, else random. */
export function subjectOf(options: ConformanceOptions): Subject {
  const { seed, fuzzRuns } = runOf(options);
  return new Subject(options, seed, fuzzRuns);
}

/** Runs one case; it never throws. */
export function judge(subject: Subject, facets: ReadonlySet<Facet>, { facet, name, run }: ConformanceCase): CaseVerdict {
  const verdict = (status: CaseVerdict['status'], detail: string): CaseVerdict => ({
    facet,
    case: name,
    status,
    detail,
    seed: subject.seed,
  });
  if (!facets.has(facet)) return verdict('absent', `the codec has no ${facet}`);
  const { stackTraceLimit } = Error;
  // Hostile bytes make a codec throw thousands of times, and a verdict shows messages only: stacks would take most of the time.
  Error.stackTraceLimit = 0;
  try {
    run(subject);
    return verdict('pass', '');
  } catch (error) {
    if (error instanceof NotApplicable) return verdict('absent', error.message);
    return verdict('fail', error instanceof Error ? error.message : String(error));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Puts the cases' verdicts together. */
export function verdictOf(subject: Subject, cases: readonly CaseVerdict[]): Verdict {
  const { protocol, seed, fuzzRuns } = subject;
  return { protocol: protocol.name, seed, fuzzRuns, passed: cases.every(({ status }) => status !== 'fail'), cases };
}

/** Writes to the file that `POLYWIRE_VERDICT` names, if it does; `{protocol}` in the name becomes the protocol's. */
export function writeVerdict(verdict: Verdict): void {
  const file = setting('POLYWIRE_VERDICT');
  if (file === undefined) return;
  writeFileSync(file.replaceAll('{protocol}', verdict.protocol), `${JSON.stringify(verdict, undefined, 2)}\n`);
}

/**
 * Runs the whole suite without a test runner, for tools that want the outcome as data. Also written to the file that the environment's
 * `POLYWIRE_VERDICT` names.
 */
export async function runVerdict(options: ConformanceOptions): Promise<Verdict> {
  const subject = subjectOf(options);
  const facets = facetsOf(subject);
  const cases: CaseVerdict[] = [];
  for (const each of allCases) {
    cases.push(judge(subject, facets, each));
    // Lets timers and signals of the caller in between two cases.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const verdict = verdictOf(subject, cases);
  writeVerdict(verdict);
  return verdict;
}
