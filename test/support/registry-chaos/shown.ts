import assert from 'node:assert/strict';
import type { Polywire } from '../polywire.ts';
import { readTree, rulesOf } from './reader.ts';
import { INTERFACES } from './slots.ts';
import type { Tree } from './tree.ts';

/** What operators look at says what is in the tree: endpoints with the rules that changed them, and the rules that choose among them. */
export async function assertShown(proxy: Polywire, tree: Tree): Promise<void> {
  const endpoints = await readTree(tree);
  const rules = rulesOf(await proxy.get('/config_dump'));
  const assertService = async (service: string): Promise<void> => {
    const expected = endpoints[`dubbo ${service}`];
    // Nobody announces it.
    if (expected === undefined) return;
    const page = await proxy.get(`/registry?service=${service}`);
    assert.deepEqual(endpointsOn(page), expected, page);
    const [host = ''] = page.split(' ');
    const stated = (rules[host] ?? []).map((rule) => nodeAndText(JSON.parse(rule)));
    assert.deepEqual(await explained(proxy, service), stated);
  };
  await Promise.all(INTERFACES.map(assertService));
}

interface Rule {
  readonly origin: string;
  readonly text: string;
}

/** The rules that a command shows which reads everything anew. */
async function explained(proxy: Polywire, service: string): Promise<string[]> {
  const report = await proxy.explain('--service', service, '--method', 'echo', '-o', 'json').catch((error: unknown) => {
    // A request that would be refused, which rules may well do, is told by its exit code, too.
    if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' && error.stdout !== '') return error.stdout;
    throw error;
  });
  const { route }: { route: { endpointRules: readonly Rule[] } } = JSON.parse(report);
  return route.endpointRules.map(nodeAndText);
}

function nodeAndText({ origin, text }: Rule): string {
  return `${text} (${origin})`;
}

/** Of a page for one service, as `readTree` has them. */
function endpointsOn(page: string): string[] {
  const found = page.split(/^ {2}(?=\S+: weight )/m).slice(1);
  const endpoints = found.map((text) => {
    const [, address = '', weight = ''] = /^(\S+): weight (\d+)$/m.exec(text) ?? [];
    const tag = /^ {4}labels: .*\bdubbo\.tag=([^,\n]*)/m.exec(text)?.[1] ?? '-';
    return [`${address} ${weight} ${tag}`, ...[...text.matchAll(/^ {4}override: (.*)$/gm)].map(([, change = '']) => change)].join('; ');
  });
  return endpoints.sort();
}
