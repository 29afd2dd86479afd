// Import rules of the repository, checked by `pnpm test`. Sources are parsed, so `import type` is told from `import`.

const TESTS = '\\.test\\.ts$|\\.test-support\\.ts$|/src/testing/';
// The codec interface, which every stage speaks; its two sentinel values are all the code it has.
const CODEC_INTERFACE = '^packages/core/src/protocol/spi\\.ts$';
const VALUE_IMPORT = { dependencyTypesNot: ['type-only'] };

// Folders of packages/core/src that anyone in core may import from.
const SHARED = ['errors', 'identity', 'buffer', 'transport'];
// The folders of the data path and of control. Only proxy/ and the entry points put them together.
const STAGES = [
  'downstream',
  'protocol',
  'stream',
  'filter',
  'route',
  'cluster',
  'upstream',
  'registry',
  'publish',
  'config',
  'observe',
  'plugin',
];

const core = (folders) => `^packages/core/src/(${folders.join('|')})/`;

export default {
  forbidden: [
    {
      name: 'stages-import-types-only',
      comment: 'A stage may import the types of another stage, never its code: proxy/ puts stages together.',
      severity: 'error',
      from: { path: core(STAGES), pathNot: TESTS },
      to: { path: '^packages/core/src/', pathNot: [core(SHARED), '^packages/core/src/$1/', CODEC_INTERFACE], ...VALUE_IMPORT },
    },
    {
      name: 'shared-folders-stand-alone',
      comment: "errors/, identity/, buffer/ and transport/ are imported by every stage, so they run no stage's code.",
      severity: 'error',
      from: { path: core(SHARED), pathNot: TESTS },
      to: { path: core([...STAGES, 'proxy']), pathNot: CODEC_INTERFACE, ...VALUE_IMPORT },
    },
    {
      name: 'plugins-import-the-spi-only',
      comment: 'A plugin builds on @polywire/core/spi and @polywire/hessian, as plugins outside this repository do.',
      severity: 'error',
      from: { path: '^packages/(?!core/|cli/|conformance/)([^/]+)/', pathNot: TESTS },
      to: { path: '^packages/', pathNot: ['^packages/$1/', '^packages/core/(src|dist)/spi\\.', '^packages/hessian/(src|dist)/index\\.'] },
    },
    {
      name: 'plugin-tests-import-the-kit-too',
      comment: "A plugin's tests may also import the conformance kit.",
      severity: 'error',
      from: { path: `^packages/(?!core/|cli/|conformance/)([^/]+)/.*(${TESTS})` },
      to: {
        path: '^packages/',
        pathNot: ['^packages/$1/', '^packages/core/(src|dist)/spi\\.', '^packages/(hessian|conformance)/(src|dist)/index\\.'],
      },
    },
    {
      name: 'core-imports-no-plugin',
      comment: 'Adding a protocol or a registry edits no file of core.',
      severity: 'error',
      from: { path: '^packages/core/', pathNot: TESTS },
      to: { path: '^packages/(?!core/)' },
    },
    {
      name: 'no-cycles',
      comment: 'Two modules that need each other at run time are one module, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: VALUE_IMPORT },
    },
    {
      name: 'no-unresolved-imports',
      comment: 'Every import names a file that exists or a package that package.json lists.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-test-code-in-products',
      comment: 'Published code imports no test.',
      severity: 'error',
      from: { path: '^packages/', pathNot: TESTS },
      to: { path: TESTS },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: ['/dist/.*\\.d\\.ts\\.map$', '^test/peers/'] },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'default'] },
  },
};
