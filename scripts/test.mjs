// pnpm test                                static checks, unit tests, those with real servers, end to end
// pnpm test checks|unit|integration|e2e    one of them
// pnpm test path/to/folder                 the tests there
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { runChecks } from './checks.mjs';
import { endLeftBehind, MARK } from './left-behind.mjs';
import { testFiles } from './test-files.mjs';

const TOTAL_TIMEOUT_MS = 25 * 60_000;
/** So many files are named with how long they took. */
const LONGEST = 10;

const ci = process.env.CI === 'true';
const filters = process.argv.slice(2).filter((argument) => argument !== '--');
const problems = [];

if (filters.length === 0 || filters.includes('checks')) {
  for (const name of await runChecks()) problems.push(`check failed: ${name}`);
}
if (filters.length !== 1 || filters[0] !== 'checks') await runTests(testFiles(filters.filter((filter) => filter !== 'checks')));

for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

async function runTests(files) {
  if (files.length === 0) {
    problems.push(`no test matches ${filters.join(' ') || 'packages, examples or test'}`);
    return;
  }
  const mark = randomUUID();
  const child = fork(new URL('run-tests.mjs', import.meta.url), files, { env: { ...process.env, [MARK]: mark }, execArgv: [] });
  const timer = setTimeout(() => {
    problems.push(`tests stopped after ${TOTAL_TIMEOUT_MS / 60_000} minutes`);
    endLeftBehind(mark);
  }, TOTAL_TIMEOUT_MS);
  const stop = (signal) => {
    problems.push(`stopped by ${signal}`);
    endLeftBehind(mark);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);

  let [skipped, durations] = [[], {}];
  child.on('message', (message) => {
    ({ skipped, durations } = message);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  process.off('SIGINT', stop).off('SIGTERM', stop);

  printLongest(durations);
  if (code !== 0) problems.push('tests failed');
  for (const { pid, command } of endLeftBehind(mark)) problems.push(`left running by a test, ended now: ${pid} ${command}`);
  if (ci) for (const name of skipped) problems.push(`skipped, which CI does not accept: ${name}`);
}

function printLongest(durations) {
  const longest = Object.entries(durations).sort(([, one], [, other]) => other - one);
  for (const [file, milliseconds] of longest.slice(0, LONGEST)) console.log(`${(milliseconds / 1000).toFixed(1).padStart(6)}s ${file}`);
}
