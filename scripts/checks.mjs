// Static checks. Each answers with the text of its findings; an empty text is a pass.
import { exec } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { packageProblems } from './package-rules.mjs';
import { sourceProblems } from './source-rules.mjs';

// The tools are the root package's scripts named `check:…`, so that each can be run alone: `pnpm check:lint`.
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const TOOLS = Object.entries(scripts).filter(([name]) => name.startsWith('check:'));

function runTool(command) {
  const PATH = `${join(process.cwd(), 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
  return new Promise((resolve) => {
    exec(command, { maxBuffer: 64 << 20, env: { ...process.env, PATH, NO_COLOR: '1' } }, (error, stdout, stderr) => {
      resolve(error ? `${stdout}${stderr}` || String(error) : '');
    });
  });
}

const CHECKS = {
  ...Object.fromEntries(TOOLS.map(([name, command]) => [name, () => runTool(command)])),
  sources: async () => sourceProblems().join('\n'),
  packages: async () => (await packageProblems()).join('\n'),
};

/** Runs all of them at once, prints one line each and the findings; answers the names of those that failed. */
export async function runChecks() {
  const failed = [];
  const started = performance.now();
  await Promise.all(
    Object.entries(CHECKS).map(async ([name, check]) => {
      const findings = await check().catch((error) => String(error.stack));
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${findings ? 'FAIL' : 'ok  '} ${name} ${seconds}s${findings ? `\n${findings.trimEnd()}` : ''}`);
      if (findings) failed.push(name);
    }),
  );
  return failed;
}
