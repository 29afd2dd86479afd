import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type Bootstrap,
  type BootstrapResult,
  builtIn,
  hasErrors,
  Interner,
  type LoadedMesh,
  loadMesh,
  loadPlugin,
  messageOf,
  PluginRegistry,
  type Problem,
  parseBootstrap,
} from '@polywire/core';
import { plugin as bolt } from '@polywire/protocol-bolt';
import { plugin as dubbo } from '@polywire/protocol-dubbo';
import { plugin as http2 } from '@polywire/protocol-http2';
import { plugin as thrift } from '@polywire/protocol-thrift';
import { plugin as zookeeper } from '@polywire/registry-zk';
import { checkKnownGoodFiles, checkListenerFiles, checkPluginParts } from './configuration-checks.ts';
import { CliError, EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** A bootstrap file with everything that it names, read and checked, before anything runs. */
export interface Configuration {
  readonly file: string;
  /** Absolute folder of the file. */
  readonly directory: string;
  /** undefined when the file itself has errors. */
  readonly bootstrap: Bootstrap | undefined;
  readonly plugins: PluginRegistry;
  /** undefined when the bootstrap is. */
  readonly mesh: LoadedMesh | undefined;
  readonly problems: readonly Problem[];
  /** For excerpts. */
  readonly sources: ReadonlyMap<string, string>;
}

/** A registry with the plugins that come with Polywire. */
export function builtInPlugins(): PluginRegistry {
  const registry = new PluginRegistry(new Interner());
  for (const plugin of [builtIn, dubbo, bolt, thrift, http2, zookeeper]) registry.add(plugin, 'built in');
  return registry;
}

/**
 * Reads a bootstrap file, its plugins and its mesh resources.
 * @param file as given on the command line; messages name it so
 * @throws CliError when the file cannot be read; what is wrong inside of it becomes problems
 */
export async function loadConfiguration(file: string, terminal: Terminal): Promise<Configuration> {
  const path = resolve(terminal.workingDirectory, file);
  const directory = dirname(path);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliError(`${file} cannot be read: ${reasonOf(cause)}; -c <file> names another bootstrap file`, EXIT.refused, cause);
  });
  const parsed = parseBootstrap(text, file, terminal.environment);
  const { bootstrap } = parsed;
  const plugins = builtInPlugins();
  const sources = new Map([[file, text]]);
  if (bootstrap === undefined) return { file, directory, bootstrap, plugins, mesh: undefined, problems: parsed.problems, sources };
  const problems = [...parsed.problems, ...(await addPlugins(bootstrap, parsed, plugins, directory))];
  // A plugin that failed would make everything that needs it look wrong as well.
  if (!hasErrors(problems)) problems.push(...checkPluginParts(bootstrap, plugins, parsed));
  problems.push(...checkListenerFiles(bootstrap, directory, parsed), ...checkKnownGoodFiles(bootstrap, directory, parsed));
  const mesh = await loadMesh({
    directory: dirname(file),
    globs: bootstrap.resources,
    ...plugins.resourceOptions,
  });
  for (const [name, content] of mesh.sources) sources.set(name, content);
  problems.push(...mesh.problems);
  return { file, directory, bootstrap, plugins, mesh, problems, sources };
}

async function addPlugins(
  bootstrap: Bootstrap,
  parsed: BootstrapResult,
  plugins: PluginRegistry,
  baseDirectory: string,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const options = {
    baseDirectory,
    // The Dubbo codec sees @polywire/hessian, which a plugin may want too.
    installation: [import.meta.url, import.meta.resolve('@polywire/protocol-dubbo')],
    typescript: import.meta.resolve('esbuild'),
  };
  for (const [index, specifier] of bootstrap.plugins.entries()) {
    try {
      await loadPlugin(specifier, plugins, options);
    } catch (error) {
      problems.push({ severity: 'error', message: messageOf(error), position: parsed.position(['plugins', index]) });
    }
  }
  return problems;
}

/** Why a file could not be read. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder; name the files in it';
  return code === 'EACCES' ? 'this user may not read it' : messageOf(error);
}
