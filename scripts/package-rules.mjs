// What a user of the published packages would trip over: publint's findings, and dependencies that are not pinned.
import { readdirSync, readFileSync } from 'node:fs';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const PINNED = /^(\d+\.\d+\.\d+(-[\w.]+)?|workspace:\*)$/;

function manifests() {
  const folders = readdirSync('packages', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map((entry) => {
    const folder = `packages/${entry.name}`;
    return { folder, manifest: JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) };
  });
}

function unpinned({ folder, manifest }) {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(all)
    .filter(([, version]) => !PINNED.test(version))
    .map(([name, version]) => `${folder}: ${name} is "${version}"; name one exact version`);
}

async function lint({ folder, manifest }) {
  if (manifest.private) return [];
  const { messages } = await publint({ pkgDir: folder, pack: 'npm', strict: true });
  return messages.map((message) => `${folder}: ${formatMessage(message, manifest, { color: false })}`);
}

/** One line per finding. */
export async function packageProblems() {
  const packages = manifests();
  const findings = await Promise.all(packages.map(lint));
  return [...packages.flatMap(unpinned), ...findings.flat()];
}
