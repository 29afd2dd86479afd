import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { hasErrors, type PluginRegistry, type Problem, readServiceEntries } from '@polywire/core';
import type { ServiceEntry } from '@polywire/core/spi';
import { reasonOf } from '../configuration.ts';
import { CliError, EXIT } from '../exit.ts';
import { writeProblems } from '../problem-output.ts';
import { styleFor, type Terminal } from '../terminal.ts';

/** As kubectl takes them from a folder. */
const RESOURCE_FILE = /^[^.].*\.(?:yaml|yml|json)$/;

/**
 * The ServiceEntry resources of a file, of the files of a folder, or of standard input (`-`).
 * @throws CliError when they cannot be read or hold errors, after these were written
 */
export async function readResourceFiles(path: string, plugins: PluginRegistry, terminal: Terminal): Promise<ServiceEntry[]> {
  const texts = await readTexts(path, terminal);
  const problems: Problem[] = [];
  const entries: ServiceEntry[] = [];
  for (const [file, text] of texts) {
    const read = readServiceEntries(text, file, plugins.resourceOptions);
    problems.push(...read.problems.filter(({ severity }) => severity === 'error'));
    entries.push(...read.entries);
  }
  if (hasErrors(problems)) {
    writeProblems(terminal.stderr, problems, texts, styleFor(terminal.stderr, terminal.environment));
    throw new CliError(`${path === '-' ? 'standard input' : path} is not valid`, EXIT.usage);
  }
  return entries;
}

async function readTexts(path: string, terminal: Terminal): Promise<Map<string, string>> {
  if (path === '-') return new Map([['standard input', await readStream(process.stdin)]]);
  try {
    const absolute = resolve(terminal.workingDirectory, path);
    if (!(await stat(absolute)).isDirectory()) return new Map([[path, await readFile(absolute, 'utf8')]]);
    const names = (await readdir(absolute)).filter((name) => RESOURCE_FILE.test(name)).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(absolute, name), 'utf8')));
    return new Map(names.map((name, index) => [join(path, name), texts[index] ?? '']));
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${reasonOf(error)}`, EXIT.usage, error);
  }
}
