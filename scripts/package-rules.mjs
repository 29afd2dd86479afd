// What a user of the published packages would trip over: publint's findings, and dependencies that are not pinned or not explained.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const run = promisify(execFile);
const PINNED = /^(\d+\.\d+\.\d+(-[\w.]+)?|workspace:\*)$/;

const EXPLAINED_IN = 'docs/dependencies.md';

/** Manifests of the workspace, the root's first. */
function manifests() {
  const below = (parent) => (existsSync(parent) ? readdirSync(parent).map((name) => `${parent}/${name}`) : []);
  const folders = ['.', ...below('packages'), ...below('examples'), 'test', 'bench'];
  return folders
    .filter((folder) => existsSync(`${folder}/package.json`))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }));
}

function dependencyProblems({ folder, manifest }, explanations) {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(all).flatMap(([name, version]) => {
    if (!PINNED.test(version)) return [`${folder}: ${name} is "${version}"; name one exact version`];
    const explained = version.startsWith('workspace:') || explanations.includes(`| ${name} | ${version} |`);
    return explained ? [] : [`${folder}: ${EXPLAINED_IN} has no line for ${name} ${version}: say what for, and why this one`];
  });
}

async function lint({ folder, manifest }) {
  if (manifest.private) return [];
  const { messages } = await publint({ pkgDir: folder, pack: 'npm', strict: true });
  return messages.map((message) => `${folder}: ${formatMessage(message, manifest, { color: false })}`);
}

const TEST_CODE = /\.test\.|\.test-support\.|\/testing\//;

/** What `npm publish` would ship that is only for this repository's tests. */
async function packedTestCode({ folder, manifest }) {
  if (manifest.private) return [];
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: folder, maxBuffer: 16 << 20 });
  const files = JSON.parse(stdout)[0].files.map(({ path }) => path);
  return files.filter((path) => TEST_CODE.test(path)).map((path) => `${folder}: would publish ${path}; exclude it in "files"`);
}

/** One line per finding. */
export async function packageProblems() {
  const packages = manifests();
  const explanations = readFileSync(EXPLAINED_IN, 'utf8');
  const findings = await Promise.all([...packages.map(lint), ...packages.map(packedTestCode)]);
  return [...packages.flatMap((each) => dependencyProblems(each, explanations)), ...findings.flat()];
}
