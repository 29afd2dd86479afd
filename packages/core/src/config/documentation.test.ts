import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseBootstrap } from './bootstrap.ts';
import { knownKeys } from './bootstrap-schema.ts';
import { formatPath, type Path } from './problems.ts';
import { TLS_FIELDS } from './resources/client-tls.ts';
import { DESTINATION_RULE_FIELDS } from './resources/destination-rule.ts';
import type { FieldTable } from './resources/object-reader.ts';
import { ROUTE_DESTINATION_FIELDS } from './resources/route-destination.ts';
import { ENDPOINT_FIELDS } from './resources/service-endpoints.ts';
import { SERVICE_ENTRY_FIELDS } from './resources/service-entry.ts';
import { TCP_MATCH_FIELDS, TCP_ROUTE_FIELDS } from './resources/tcp-route.ts';
import { LOAD_BALANCER_FIELDS, TRAFFIC_POLICY_FIELDS } from './resources/traffic-policy.ts';
import { HTTP_ROUTE_FIELDS, MATCH_FIELDS, VIRTUAL_SERVICE_FIELDS } from './resources/virtual-service.ts';

const page = (name: string) => readFile(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');

/** Every option without options below it, as the page writes it. */
function options(path: Path): string[] {
  const keys = knownKeys(path);
  const items = keys.length === 0 && path.length > 0 ? knownKeys([...path, 0]) : [];
  if (items.length > 0) return options([...path, 0]);
  return keys.length === 0 ? [formatPath(path).replaceAll('[0]', '[]')] : keys.flatMap((key) => options([...path, key]));
}

test('every option of the bootstrap file is documented, and no other', async () => {
  const text = await page('bootstrap.md');
  const rows = [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, option]) => option);
  // A row of its own for what may be a text instead of a mapping.
  const leaves = rows.filter((row) => !rows.some((other) => other?.startsWith(`${row}.`) || other?.startsWith(`${row}[]`)));
  assert.deepEqual(leaves.toSorted(), options([]).toSorted());
});

test('the example of the bootstrap page is valid', async () => {
  const [, example] = /```yaml\n(.*?)```/s.exec(await page('bootstrap.md')) ?? [];
  const { problems, bootstrap } = parseBootstrap(example ?? '', 'polywire.yaml', {});
  assert.deepEqual(problems, []);
  assert.equal(bootstrap?.limits.maxFrameBytes, 64 * 2 ** 20);
});

test('every field of Istio stands in the table of its kind, with what becomes of it', async () => {
  const sections = (await page('mesh-resources.md')).split(/^## /m);
  const kinds: Readonly<Record<string, readonly FieldTable[]>> = {
    VirtualService: [VIRTUAL_SERVICE_FIELDS, HTTP_ROUTE_FIELDS, MATCH_FIELDS, ROUTE_DESTINATION_FIELDS, TCP_ROUTE_FIELDS, TCP_MATCH_FIELDS],
    DestinationRule: [DESTINATION_RULE_FIELDS, TRAFFIC_POLICY_FIELDS, LOAD_BALANCER_FIELDS, TLS_FIELDS],
    ServiceEntry: [SERVICE_ENTRY_FIELDS, ENDPOINT_FIELDS],
  };
  for (const [kind, tables] of Object.entries(kinds)) {
    const rows = sections.find((section) => section.startsWith(`${kind}\n`))?.split('\n') ?? [];
    for (const [field, rule] of tables.flatMap((table) => Object.entries(table))) {
      if (rule === 'read') continue;
      const verdicts = rows.filter((row) => new RegExp(`[\`.]${field}\``).test(row)).map((row) => row.split('|')[2]?.trim());
      assert.ok(verdicts.includes(rule.severity), `${kind} ${field}: ${rule.severity} is not among "${verdicts.join()}"`);
    }
  }
});
