import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What the main thread hands to this hook, which runs in the loader's thread. */
export interface TypeScriptHookData {
  /** URL of the esbuild module. */
  readonly compiler: string;
}

interface Compiler {
  transform(source: string, options: Readonly<Record<string, string>>): Promise<{ readonly code: string }>;
}

const TYPESCRIPT = /^file:.*\.m?ts(\?.*)?$/;

let compiler: Compiler | undefined;

/** Called by Node, once. */
export async function initialize(data: TypeScriptHookData): Promise<void> {
  compiler = await import(data.compiler);
}

/** TypeScript written for a compiler may name the file that will come out: `./frame.js` stands for `./frame.ts`. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    const isOutput = /^\.{1,2}\/.*\.m?js$/.test(specifier) && TYPESCRIPT.test(context.parentURL ?? '');
    if (!isOutput) throw error;
    return nextResolve(specifier.replace(/js$/, 'ts'), context);
  }
};

/** Strips the types. Always a module: plugins are, whatever a package.json far above them says. */
export const load: LoadHook = async (url, context, nextLoad) => {
  if (compiler === undefined || !TYPESCRIPT.test(url)) return nextLoad(url, context);
  const file = fileURLToPath(url);
  const source = await readFile(file, 'utf8');
  try {
    const { code } = await compiler.transform(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      sourcefile: file,
      logLevel: 'silent',
    });
    return { format: 'module', source: code, shortCircuit: true };
  } catch (error) {
    // The error's fields do not survive the way back to the main thread; esbuild's message has `file:line:column: ERROR: reason`.
    throw new SyntaxError(compileError(error));
  }
};

function compileError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^.*: ERROR: .*$/m.exec(message)?.[0].replace(': ERROR:', ':') ?? message;
}
