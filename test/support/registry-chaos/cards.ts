import assert from 'node:assert/strict';
import type { Random } from '../http2-random.ts';
import type { Polywire } from '../polywire.ts';
import type { Agreement } from './agreement.ts';
import type { Disturbances } from './disturbances.ts';
import type { Fleet } from './fleet.ts';
import type { Endpoints } from './reader.ts';
import { REAL_PACKAGE, type RealProvider } from './real-provider.ts';
import { STEADY } from './slots.ts';
import type { Tree } from './tree.ts';
import type { Witness } from './witness.ts';

/** Within so long a session that all servers refuse is given up. */
const GIVEN_UP_MILLISECONDS = 60_000;
/** Of each root, the services that nothing else announces, as `Endpoints` has them. */
const ROOTS: ReadonlyMap<string, RegExp> = new Map([
  ['/dubbo', /Fleet(Steady|Busy|Often)$/],
  ['/services', /FleetApps|^http /],
  ['/sofa-rpc', /^bolt /],
  ['/motan', /^motan /],
]);

/** Something that happens. */
export interface Card {
  readonly act: () => Promise<void>;
  /** Providers and rules change by its own doing only. */
  readonly isAlone?: boolean;
}

/** Whom it happens to. */
export interface Table {
  readonly disturbances: Disturbances;
  readonly fleet: Fleet;
  readonly tree: Tree;
  readonly proxy: Polywire;
  readonly witness: Witness;
  readonly agreement: Agreement;
  readonly real: RealProvider;
  readonly random: Random;
}

/** All that can happen, by name. Each ends with everything running. */
export function cardsOf(table: Table): ReadonlyMap<string, Card> {
  const { disturbances, real } = table;
  return new Map<string, Card>([
    ...[...disturbances.all].map(([name, act]) => [name, { act }] as const),
    ['kill a provider', { act: () => real.restart() }],
    ['close a list', { act: () => closeList(table) }],
    ['close a root', { act: () => closeRoot(table, false), isAlone: true }],
    ['close a root and all below it', { act: () => closeRoot(table, true), isAlone: true }],
    ['change rules', { act: () => changeRules(table), isAlone: true }],
    ['empty all disks, and refuse who saw more', { act: () => emptyDisks(table, false), isAlone: true }],
    ['empty all disks', { act: () => emptyDisks(table, true), isAlone: true }],
  ]);
}

async function closeList({ fleet, disturbances, proxy }: Table): Promise<void> {
  await fleet.closed(STEADY, async () => {
    disturbances.breakConnections();
    await proxy.until('/registry?format=json', (page) => page.includes('"held": "denied"'));
  });
}

/** What was known stays in force, whatever changes; what changed takes effect when it may be read. */
async function closeRoot({ fleet, tree, disturbances, agreement, witness, random }: Table, withAllBelow: boolean): Promise<void> {
  const [root, services] = random.of([...ROOTS]);
  const known = async (): Promise<Endpoints> =>
    Object.fromEntries(Object.entries(await agreement.known()).filter(([name]) => services.test(name)));
  await fleet.makeLists();
  await agreement.reached();
  const before = await known();
  const close = (closed: boolean): Promise<void> => (withAllBelow ? tree.closeAll(root, closed) : tree.close(root, closed));
  await close(true);
  disturbances.breakConnections();
  await witness.until(({ state, reason }) => state === 'stale' && reason === `NO_AUTH: ${root}`);
  assert.deepEqual(await known(), before, `what was known of ${root} stays in force`);
  if (withAllBelow) {
    for (let changes = random.between(5, 20); changes > 0; changes--) await fleet.change(true);
    await disturbances.lists(3);
    assert.deepEqual(await known(), before, `what was known of ${root} stays in force, whatever changes unseen`);
  }
  await close(false);
  await agreement.reached();
}

/** Many rules at once, while the proxy reads everything. */
async function changeRules({ fleet, disturbances, random }: Table): Promise<void> {
  disturbances.breakConnections();
  for (let changes = random.between(5, 20); changes > 0; changes--) await fleet.changeRule();
}

/** Until the session is given up, all that was known stays in force; then what is not there goes, until providers register again. */
async function emptyDisks({ disturbances, fleet, tree, witness, agreement, real }: Table, isNewer: boolean): Promise<void> {
  await agreement.reached();
  const before = await agreement.known();
  const { session } = await witness.source();
  witness.steady.leaves();
  await disturbances.emptyAll(isNewer, async () => {
    await witness.until(({ state }) => state === 'stale');
    await real.kill();
    assert.deepEqual(await agreement.known(), before, 'while nobody can say what is there, what was known stays in force');
  });
  tree.restart();
  witness.restart();
  fleet.lost();
  const returning = real.restart();
  await witness.until((source) => source.state === 'synced' && source.session !== session, GIVEN_UP_MILLISECONDS);
  await agreement.reached();
  const left = Object.keys(await agreement.known()).filter((name) => !name.includes(REAL_PACKAGE));
  assert.deepEqual(left, [], 'what is not there is removed');
  await Promise.all([fleet.registerAll(), returning]);
  await agreement.reached();
  witness.steady.returns();
}
