import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { goProgram } from './http2-build.ts';

/** How many cases h2spec 2.2.1 has, without those that it calls strict. */
export const H2SPEC_CASES = 145;

export interface H2specCase {
  /** As h2spec takes it for an argument: `http2/5.1.1/2`. */
  readonly id: string;
  readonly description: string;
  readonly result: 'passed' | 'skipped' | 'failed';
  /** What the case expected and what it saw; empty unless it failed. */
  readonly reason: string;
}

export interface H2specRun {
  readonly port: number;
  readonly host?: string;
  readonly tls?: boolean;
  /** What it asks for; `/`. */
  readonly path?: string;
  /** Sections or cases, as `http2/6.9` or `http2/5.1.1/2`; all when absent. */
  readonly only?: readonly string[];
  /** Seconds that it waits for what it expects; 6. */
  readonly timeout?: number;
}

const RUN_TIMEOUT_MILLISECONDS = 300_000;

/** Runs h2spec against a server that answers `GET /` and `POST /` with 200 and a body. */
export async function runH2spec(run: H2specRun): Promise<H2specCase[]> {
  const program = await goProgram('h2spec');
  const folder = mkdtempSync(join(tmpdir(), 'polywire-h2spec-'));
  const report = join(folder, 'report.xml');
  const where = ['-h', run.host ?? '127.0.0.1', '-p', `${run.port}`, ...(run.tls === true ? ['-t', '-k'] : [])];
  const args = [...where, '-P', run.path ?? '/', '-o', `${run.timeout ?? 6}`, '-j', report, ...(run.only ?? [])];
  let said = '';
  try {
    said = (await promisify(execFile)(program, args, { timeout: RUN_TIMEOUT_MILLISECONDS })).stdout;
  } catch (failure) {
    // It ends with 1 when a case failed, which the report says better.
    if (!(failure instanceof Error && 'code' in failure && failure.code === 1 && 'stdout' in failure)) throw failure;
    said = String(failure.stdout);
  }
  try {
    const cases = parseReport(readFileSync(report, 'utf8'));
    const total = Number(/(\d+) tests, /.exec(said)?.[1]);
    if (cases.length !== total) throw new Error(`h2spec reported ${cases.length} cases of ${total}:\n${said}`);
    return cases;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The cases that did not pass, one line each: to be compared with none. */
export function h2specFailures(cases: readonly H2specCase[]): string[] {
  return cases
    .filter(({ result }) => result !== 'passed')
    .map(({ id, description, result, reason }) => `${id} ${result}: ${description}: ${reason}`);
}

/** h2spec numbers the cases of a section in the order in which its report has them. */
function parseReport(xml: string): H2specCase[] {
  return [...xml.matchAll(/<testsuite .*?package="(.*?)".*?>(.*?)<\/testsuite>/gs)].flatMap(([, section = '', cases = '']) =>
    [...cases.matchAll(/<testcase .*?classname="(.*?)".*?>(.*?)<\/testcase>/gs)].map(([, description = '', inner = ''], index) => ({
      id: `${section}/${index + 1}`,
      description,
      result: inner.includes('<skipped') ? 'skipped' : /<(failure|error)/.test(inner) ? 'failed' : 'passed',
      reason: inner
        .replace(/<\/?\w+>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    })),
  );
}
