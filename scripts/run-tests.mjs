// One node:test run over the files given as arguments. Prints the spec report and node's closing counts; tells the parent what was skipped,
// and how long each file took.
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const MAX_PARALLEL_FILES = 4;
// The first file that needs peers of other languages also fetches their libraries and builds them.
const FILE_TIMEOUT_MS = 10 * 60_000;

const skipped = [];
const noteSkip = ({ name, file, skip }) => {
  if (skip !== undefined && skip !== false)
    skipped.push(`${name}${file ? ` (${file})` : ''}${typeof skip === 'string' ? `: ${skip}` : ''}`);
};

const durations = {};
const noteDuration = ({ name, file, details }) => {
  // Besides its tests, each file is a test of its own, named by its path.
  if (file === resolve(name)) durations[relative('.', file)] = details.duration_ms;
};

// Counters of test results read the closing lines as TAP writes them; the spec reporter marks them with a sign of its own.
const plainMarks = new Transform({
  transform(chunk, _encoding, done) {
    done(null, process.stdout.isTTY ? chunk : String(chunk).replace(/^ℹ /gm, '# '));
  },
});

const files = process.argv.slice(2);
const tests = run({ files, concurrency: Math.min(MAX_PARALLEL_FILES, availableParallelism()), timeout: FILE_TIMEOUT_MS });
tests.on('test:pass', noteSkip);
tests.on('test:complete', noteDuration);
tests.on('test:fail', () => {
  process.exitCode = 1;
});
tests.compose(new spec()).pipe(plainMarks).pipe(process.stdout);
tests.on('end', () => process.send?.({ skipped, durations }));
