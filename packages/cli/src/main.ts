import { runCli } from './program.ts';

// Whoever reads the output may stop before its end, as `| head` does. That is no fault, and no reason for a proxy to end.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  workingDirectory: process.cwd(),
});
