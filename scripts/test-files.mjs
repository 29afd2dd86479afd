// Finds the tests: every *.test.ts and *.test.mjs of scripts, packages, examples and test/, as the file that `tsc -b` made of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const IGNORED = new Set(['node_modules', 'dist', 'target', '.cache']);
const UNIT_ROOTS = ['scripts', 'packages'];
const E2E_ROOTS = ['examples', 'test'];

function* walk(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (IGNORED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (/\.test\.(ts|mjs)$/.test(entry.name)) yield path;
  }
}

/** The path of the compiled test, by rootDir and outDir of the nearest tsconfig.json. */
function compiled(source) {
  if (source.endsWith('.mjs')) return source;
  let project = dirname(source);
  while (!existsSync(join(project, 'tsconfig.json'))) {
    if (project === '.') throw new Error(`${source}: no tsconfig.json in a folder above it`);
    project = dirname(project);
  }
  const { compilerOptions } = JSON.parse(readFileSync(join(project, 'tsconfig.json'), 'utf8'));
  const inside = relative(join(project, compilerOptions.rootDir), source);
  const output = join(project, compilerOptions.outDir, inside.replace(/\.ts$/, '.js'));
  if (!existsSync(output))
    throw new Error(`${source}: not compiled; add ${project} to the references of the root tsconfig.json and run tsc -b`);
  return output;
}

/** Compiled tests in the order they run: unit tests, then end to end. A filter is `unit`, `e2e` or the beginning of a path. */
export function testFiles(filters) {
  const unit = UNIT_ROOTS.flatMap((root) => [...walk(root)].sort());
  const e2e = E2E_ROOTS.flatMap((root) => [...walk(root)].sort());
  const wanted = (source, kind) => filters.length === 0 || filters.some((filter) => filter === kind || matchesPath(source, filter));
  return [...unit.filter((source) => wanted(source, 'unit')), ...e2e.filter((source) => wanted(source, 'e2e'))].map(compiled);
}

function matchesPath(source, filter) {
  const path = relative('.', filter);
  return source.startsWith(path) || compiledName(source) === path;
}

/** A path into dist may be given as well as the source's. */
function compiledName(source) {
  return existsSync(source) ? compiled(source) : source;
}
