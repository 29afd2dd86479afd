import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { register } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ConfigError } from '../errors/config-error.ts';
import type { PluginRegistry } from './plugin-registry.ts';
import { isPlugin, pluginFault } from './plugin-shape.ts';
import type { ResolveHookData } from './resolve-hook.ts';
import type { TypeScriptHookData } from './typescript-hook.ts';

/** How plugins are found. */
export interface PluginLoaderOptions {
  /** Absolute folder of the bootstrap file: paths and packages are looked up from here. */
  readonly baseDirectory: string;
  /**
   * URLs of further modules of this installation (`import.meta.url` of the program). A plugin that cannot see `@polywire/core/spi` or
   * `@polywire/hessian` by itself finds them as core or these modules see them.
   */
  readonly installation?: readonly string[];
  /** URL of the esbuild module, for plugins in TypeScript. Without it they are refused. Loaded with the first of them. */
  readonly typescript?: string;
}

/**
 * Loads one entry of the bootstrap's `plugins` (a path that begins with `.` or `/`, or a package's name) into `registry`.
 * @throws ConfigError with the reason, and file:line where one is known
 */
export async function loadPlugin(specifier: string, registry: PluginRegistry, options: PluginLoaderOptions): Promise<void> {
  installResolveHook(options.installation ?? []);
  const target = isPath(specifier) ? await fileTarget(specifier, options) : packageTarget(specifier, options.baseDirectory);
  let module: unknown;
  try {
    module = await import(target);
  } catch (error) {
    throw new ConfigError(`plugin ${specifier} cannot be loaded: ${importFailure(error, specifier, target, options.baseDirectory)}`, {
      cause: error,
    });
  }
  const plugin = typeof module === 'object' && module !== null && 'plugin' in module ? module.plugin : undefined;
  if (plugin === undefined) {
    throw new ConfigError(`plugin ${specifier} cannot be used: it exports no "plugin"; write: export const plugin: Plugin = { ... }`);
  }
  if (!isPlugin(plugin)) throw new ConfigError(`plugin ${specifier} cannot be used: ${pluginFault(plugin)}`);
  registry.add(plugin, specifier);
}

function isPath(specifier: string): boolean {
  return specifier.startsWith('.') || specifier.startsWith('file:') || isAbsolute(specifier);
}

async function fileTarget(specifier: string, options: PluginLoaderOptions): Promise<string> {
  const file = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(options.baseDirectory, specifier);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new ConfigError(`plugin ${specifier} cannot be loaded: there is no file ${file}`);
  if (!found.isFile()) throw new ConfigError(`plugin ${specifier} cannot be loaded: ${file} is not a file; name the module in it`);
  if (/\.[cm]?tsx?$/.test(file)) installTypeScriptHook(specifier, options.typescript);
  return pathToFileURL(file).href;
}

function packageTarget(specifier: string, baseDirectory: string): string {
  const from = pathToFileURL(resolve(baseDirectory, 'polywire.yaml')).href;
  return `polywire-plugin:${encodeURIComponent(specifier)}?${encodeURIComponent(from)}`;
}

let resolveHookInstalled = false;
let typeScriptHookInstalled = false;

/** Hooks belong to the process and cannot be taken back: one of each is enough. */
function installResolveHook(installation: readonly string[]): void {
  if (resolveHookInstalled) return;
  resolveHookInstalled = true;
  const data: ResolveHookData = { installation: [import.meta.url, ...installation] };
  register('./resolve-hook.js', { parentURL: import.meta.url, data });
}

function installTypeScriptHook(specifier: string, compiler: string | undefined): void {
  if (typeScriptHookInstalled) return;
  if (compiler === undefined)
    throw new ConfigError(`plugin ${specifier} cannot be loaded: no TypeScript compiler is at hand; compile it to JavaScript first`);
  typeScriptHookInstalled = true;
  process.setSourceMapsEnabled(true);
  const data: TypeScriptHookData = { compiler };
  register('./typescript-hook.js', { parentURL: import.meta.url, data });
}

function importFailure(error: unknown, specifier: string, target: string, baseDirectory: string): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`;
  const missing = 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`package '${specifier}'`);
  if (missing) return `no package of this name is installed at ${baseDirectory}; install it there, or write ./ before a file's name`;
  const place = placeOf(error);
  if (place === undefined && error instanceof SyntaxError && target.endsWith('js')) return syntaxFailure(error, fileURLToPath(target));
  const isKnown = place === undefined || isOwn(place) || error.message.includes(place);
  return isKnown ? error.message : `${place}: ${error.message}`;
}

/** The error that import() gives for bad syntax does not say where: a compiler that runs nothing does. */
function syntaxFailure(error: SyntaxError, file: string): string {
  const check = spawnSync(process.execPath, ['--input-type=module', '--check', '-'], {
    input: readFileSync(file),
    encoding: 'utf8',
    timeout: 10_000,
  });
  const line = /^\[stdin\]:(\d+)$/m.exec(check.stderr)?.[1];
  return line === undefined ? `${error.message}, in ${file} or a module that it imports` : `${file}:${line}: ${error.message}`;
}

/** The hooks throw what they find in a plugin, and say where. */
function isOwn(place: string): boolean {
  return place.startsWith(dirname(fileURLToPath(import.meta.url)));
}

/** `file:line`: V8 puts the place of an import that does not fit before the stack, and that of a thrown error into its first frame. */
function placeOf(error: Error): string | undefined {
  for (const line of (error.stack ?? '').split('\n')) {
    const match = /^(file:\/\/\S+):(\d+)$/.exec(line) ?? /(file:\/\/[^\s()]+?|\(\/[^\s()]+?):(\d+):\d+\)?$/.exec(line);
    if (match?.[1] === undefined || match[1] === import.meta.url) continue;
    return `${match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1].slice(1)}:${match[2]}`;
  }
  return undefined;
}
