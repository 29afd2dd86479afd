import { formatProblem } from '../config/problems.ts';
import type { ResourceOptions } from '../config/resources/options.ts';
import { type Resource, readResources } from '../config/resources/resource.ts';
import { parseYaml } from '../config/yaml-source.ts';
import type { Problem } from '../errors/config-error.ts';

/** What tests let resources say: the balancers of core, one of a plugin, and two protocols. */
export const TEST_OPTIONS: ResourceOptions = {
  loadBalancers: new Set(['ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST', 'PEAK_EWMA']),
  protocols: new Map([
    ['dubbo', 'dubbo'],
    ['bolt', 'bolt'],
    ['sofa', 'bolt'],
  ]),
};

/** Resources of a text, and its problems as a user reads them. */
export function readText(text: string, settingsFault?: ResourceOptions['settingsFault']): { resources: Resource[]; problems: string[] } {
  const { documents, problems: faults } = parseYaml(text, 'a.yaml');
  const problems: Problem[] = [...faults];
  const resources = documents.flatMap((document) =>
    readResources(document, { ...TEST_OPTIONS, ...(settingsFault && { settingsFault }) }, problems),
  );
  return { resources, problems: problems.map((problem) => formatProblem(problem)) };
}

/** A resource of a kind around the lines of its spec, which begin on line 5, indented by two. */
export function resourceText(kind: string, spec: string): string {
  const lines = spec.trim().split('\n');
  return `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: users}\nspec:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
