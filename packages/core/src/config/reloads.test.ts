import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadedMesh } from './load.ts';
import { Reloads } from './reloads.ts';

const NOTHING = { virtualServices: [], destinationRules: [], serviceEntries: [] };

const LOADED = new Map<string, LoadedMesh>();

/** The same object for the same text, as loadMesh gives back what did not change. */
function loaded(text: string): LoadedMesh {
  const sources = new Map([['a.yaml', text]]);
  const mesh = LOADED.get(text) ?? { resources: NOTHING, problems: [], sources, tlsProblems: [], files: new Map() };
  LOADED.set(text, mesh);
  return mesh;
}

/** Feeds the reloads one load after the other, each asked for once the one before was asked for; ends with the first change. */
async function changesOf(loads: readonly LoadedMesh[]): Promise<{ calls: number; said: string[] }> {
  const said: string[] = [];
  let calls = 0;
  await new Promise<void>((done) => {
    const options = {
      initial: loaded('a'),
      debounceMs: 1,
      onChange: () => {
        said.push(`change at load ${calls}`);
        if (calls === loads.length) done();
      },
      onProblems: (problems: readonly { message: string }[]) => {
        said.push(...problems.map(({ message }) => message));
      },
    };
    const reloads = new Reloads(options, async () => {
      const next = loads[Math.min(calls, loads.length - 1)] ?? loaded('a');
      calls++;
      if (calls < loads.length) reloads.schedule();
      return next;
    });
    reloads.schedule();
  });
  return { calls, said };
}

test('texts that say what they said before cause no call', async () => {
  assert.deepEqual(await changesOf([loaded('a'), loaded('a'), loaded('b')]), { calls: 3, said: ['change at load 3'] });
});

test('a change is handed on with its warnings', async () => {
  const warning = { severity: 'warning', message: 'odd', position: undefined } as const;
  const handed = await new Promise((onChange) => {
    const options = {
      initial: loaded('a'),
      debounceMs: 1,
      onChange: ({ problems }: LoadedMesh) => onChange(problems),
      onProblems: () => undefined,
    };
    new Reloads(options, async () => ({ ...loaded('b'), problems: [warning] })).schedule();
  });
  assert.deepEqual(handed, [warning]);
});

test('a change that comes while one is read is read after it', async () => {
  const said: string[] = [];
  await new Promise<void>((done) => {
    let calls = 0;
    const onChange = () => {
      said.push(`change at load ${calls}`);
      if (calls === 2) done();
    };
    const reloads = new Reloads({ initial: loaded('a'), debounceMs: 1, onChange, onProblems: () => undefined }, async () => {
      calls++;
      if (calls === 2) return loaded('c');
      reloads.schedule();
      // The first load lasts until the second was asked for: a timer set later and longer fires later.
      await new Promise((turn) => setTimeout(turn, 10));
      return loaded('b');
    });
    reloads.schedule();
  });
  assert.deepEqual(said, ['change at load 1', 'change at load 2']);
});

test('a listener that throws is reported and does not end the watch', async () => {
  const refuse = () => {
    throw new Error('no route');
  };
  let reloads: Reloads | undefined;
  const message = await new Promise<string | undefined>((done) => {
    const onProblems = (problems: readonly { message: string }[]) => done(problems[0]?.message);
    reloads = new Reloads({ initial: loaded('a'), debounceMs: 1, onChange: refuse, onProblems }, async () => loaded('b'));
    reloads.schedule();
  });
  assert.equal(message, 'a change of the resources could not be taken: no route');
  await reloads?.stop();
});

test('nothing is read after the end', async () => {
  let calls = 0;
  const options = { initial: loaded('a'), debounceMs: 0, onChange: () => undefined, onProblems: () => undefined };
  const reloads = new Reloads(options, async () => {
    calls++;
    return loaded('b');
  });
  reloads.schedule();
  await reloads.stop();
  reloads.schedule();
  await new Promise((turn) => setTimeout(turn, 20));
  assert.equal(calls, 0);
});
