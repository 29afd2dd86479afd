import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { hasErrors, loadMesh, type Problem } from '@polywire/core';
import { Option } from 'commander';
import { builtInPlugins, loadConfiguration, reasonOf } from '../configuration.ts';
import { dryRun } from '../dry-run.ts';
import { CliError, EXIT } from '../exit.ts';
import { countProblems, problemsAsJson, writeProblems } from '../problem-output.ts';
import type { CommandHost } from '../program.ts';
import { styleFor, type Terminal } from '../terminal.ts';

const EXAMPLES = `
Examples:
  polywire validate                          ./polywire.yaml and everything it names
  polywire validate mesh/*.yaml              mesh resources alone, checked against each other
  polywire validate polywire.yaml --output json

A file with "listeners" at its top is a bootstrap; other files are mesh resources. Warnings do not change the exit code.`;

interface Checked {
  readonly problems: readonly Problem[];
  readonly sources: ReadonlyMap<string, string>;
}

/** Registers `polywire validate`. */
export function addValidate({ program, terminal, finish }: CommandHost): void {
  program
    .command('validate')
    .description('check configuration files without running anything')
    .argument('[files...]', 'bootstrap files or files with mesh resources (default: polywire.yaml)')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], { output }: { readonly output: string }) => {
      const { problems, sources } = await check(files.length === 0 ? ['polywire.yaml'] : files, terminal);
      const valid = !hasErrors(problems);
      if (output === 'json') {
        terminal.stdout.write(`${JSON.stringify({ valid, files: [...sources.keys()], problems: problemsAsJson(problems) }, null, 2)}\n`);
      } else {
        const style = styleFor(terminal.stdout, terminal.environment);
        writeProblems(terminal.stdout, problems, sources, style);
        const verdict = valid ? style.green('valid') : style.red('invalid');
        const count = `${sources.size} ${sources.size === 1 ? 'file' : 'files'}`;
        terminal.stdout.write(`${verdict}: ${count}${problems.length === 0 ? '' : `, ${countProblems(problems)}`}\n`);
      }
      finish(valid ? EXIT.ok : EXIT.refused);
    });
}

async function check(files: readonly string[], terminal: Terminal): Promise<Checked> {
  const problems: Problem[] = [];
  const sources = new Map<string, string>();
  const resources: string[] = [];
  for (const file of files) {
    if (!(await isBootstrap(file, terminal))) {
      resources.push(file);
      continue;
    }
    const configuration = await loadConfiguration(file, terminal);
    const { proxy, problems: found } = dryRun(configuration);
    await proxy?.close();
    problems.push(...found);
    for (const [name, text] of configuration.sources) sources.set(name, text);
  }
  for (const [directory, names] of groupByFolder(resources)) {
    const mesh = await loadMesh({ directory, globs: names.map(escapeGlob), ...builtInPlugins().resourceOptions });
    problems.push(...mesh.problems);
    for (const [name, text] of mesh.sources) sources.set(name, text);
  }
  return { problems, sources };
}

async function isBootstrap(file: string, terminal: Terminal): Promise<boolean> {
  const text = await readFile(resolve(terminal.workingDirectory, file), 'utf8').catch((cause: unknown) => {
    throw new CliError(`${file} cannot be read: ${reasonOf(cause)}`, EXIT.refused, cause);
  });
  // A file that cannot be parsed is judged by its text, so that the right reader reports what is wrong with it.
  return /^listeners\s*:/m.test(text) || !/^(apiVersion|kind)\s*:/m.test(text);
}

function groupByFolder(files: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const folder = dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), basename(file)]);
  }
  return folders;
}

function escapeGlob(name: string): string {
  return name.replaceAll(/[\\*?[\]{}()!+@]/g, '\\$&');
}
