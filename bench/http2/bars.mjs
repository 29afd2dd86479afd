// What Polywire's HTTP/2 should reach, and what a run says of it. They are printed; they decide nothing.
import { fixed, pairedRatio, table } from '../report.mjs';

const ratio = (shape, target, over, atLeast) => ({ shape, target, over, atLeast });
const RATIOS = [
  ratio('8x32', 'polywire', 'nghttpx', 1.2),
  ratio('8x32', 'polywire', 'haproxy', 1.2),
  ratio('8x32', 'polywire', 'envoy', 6),
  ratio('64x1', 'polywire', 'nghttpx', 0.8),
  ratio('64x1', 'polywire', 'haproxy', 1.3),
  ratio('64x1', 'polywire', 'envoy', 3),
  ratio('4x4, 1 MiB down', 'polywire', 'nghttpx', 0.8),
  ratio('4x4, 1 MiB up', 'polywire', 'nghttpx', 0.8),
  ratio('8x32', 'polywire tls', 'polywire', 0.6),
  ratio('64x1', 'polywire tls', 'polywire', 0.6),
];
const MEMORY = [
  { field: 'perConnectionKiB', text: 'KiB per idle connection', below: 20 },
  { field: 'perStreamKiB', text: 'KiB per open stream', below: 4 },
];

const verdict = (value, met) => [fixed(value, 2), value === undefined ? '-' : met ? 'yes' : 'no'];

/** `load`: shape name -> target name -> round -> sample. `memory`: target name -> memory, or undefined. */
export function barTable(load, memory) {
  const ratios = RATIOS.map(({ shape, target, over, atLeast }) => {
    const samples = load.get(shape)?.get(target);
    const value = samples && pairedRatio(samples, load.get(shape).get(over));
    return [`${shape}: ${target} / ${over}`, `>= ${atLeast}`, ...verdict(value, value >= atLeast)];
  });
  const sizes = MEMORY.map(({ field, text, below }) => {
    const value = memory?.get('polywire')?.[field];
    return [`polywire: ${text}`, `< ${below}`, ...verdict(value, value < below)];
  });
  return `### Bars\n\n${table(['', 'bar', 'measured', 'reached'], [...ratios, ...sizes])}`;
}

/** `results`: target name -> memory. */
export function memoryTable(results) {
  const rows = [...results].map(([name, { startSeconds, bareMiB, perConnectionKiB, perStreamKiB }]) => [
    name,
    fixed(startSeconds, 2),
    fixed(bareMiB, 1),
    fixed(perConnectionKiB, 2),
    fixed(perStreamKiB, 2),
  ]);
  return `### Start and memory\n\n${table(['', 'listens after s', 'RSS MiB', 'KiB per idle connection', 'KiB per open stream'], rows)}`;
}
