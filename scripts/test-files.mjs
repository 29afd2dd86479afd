// Finds the tests: every *.test.ts and *.test.mjs of scripts, packages, examples and test/, as the file that `tsc -b` made of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const IGNORED = new Set(['node_modules', 'dist', 'target', '.cache']);
const UNIT_ROOTS = ['scripts', 'packages'];
const E2E_ROOTS = ['examples', 'test'];
/** On a new machine one has Maven build peers, the other Go: together neither waits for the other. */
const BUILDERS = ['test/peers.test.ts', 'test/http2-peers.test.ts'];
/** Tests beside the code that start real servers. */
const INTEGRATION = '.integration.test.ts';

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

/**
 * Compiled tests in the order they run. A filter is `unit`, `integration`, `e2e` or the beginning of a path.
 * First those that build the peers that others wait for, last the short ones, so that all cores have work to the end.
 */
export function testFiles(filters) {
  const beside = filesOf(UNIT_ROOTS);
  const kinds = {
    e2e: filesOf(E2E_ROOTS).sort((one, other) => Number(BUILDERS.includes(other)) - Number(BUILDERS.includes(one))),
    integration: beside.filter((source) => source.endsWith(INTEGRATION)),
    unit: beside.filter((source) => !source.endsWith(INTEGRATION)),
  };
  const wanted = (source, kind) => filters.length === 0 || filters.some((filter) => filter === kind || matchesPath(source, filter));
  return Object.entries(kinds).flatMap(([kind, sources]) => sources.filter((source) => wanted(source, kind)).map(compiled));
}

function filesOf(roots) {
  return roots.flatMap((root) => [...walk(root)].sort());
}

function matchesPath(source, filter) {
  const path = relative('.', filter);
  return source.startsWith(path) || compiledName(source) === path;
}

/** A path into dist may be given as well as the source's. */
function compiledName(source) {
  return existsSync(source) ? compiled(source) : source;
}
