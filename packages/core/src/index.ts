/** What a program that runs Polywire imports. Plugins import `@polywire/core/spi` instead. */
export { Interner } from './buffer/interner.ts';
export { loadBalancers } from './cluster/lb/built-in.ts';
export { type BootstrapResult, parseBootstrap } from './config/bootstrap.ts';
export type { Bootstrap } from './config/bootstrap-model.ts';
export { type LoadedMesh, loadMesh } from './config/load.ts';
export { formatProblem, hasErrors, type SourceTexts } from './config/problems.ts';
export { formatPosition, type Position, type Problem } from './errors/config-error.ts';
export { type AdminListener, startAdmin } from './observe/admin.ts';
export type { AdminSource } from './observe/admin-source.ts';
export { Histogram } from './observe/histogram.ts';
export { createLog, LOG_LEVELS, type Log, type LogLevel } from './observe/log.ts';
export { METRICS, type Metric } from './observe/metrics.ts';
export { loadPlugin } from './plugin/loader.ts';
export { SPI_VERSION } from './plugin/plugin.ts';
export { PluginRegistry } from './plugin/plugin-registry.ts';
export { ProxyServer } from './proxy/proxy.ts';
export { dumpEntries, type IstioServiceEntry, toIstio } from './registry/istio.ts';
export type { ExplainReport } from './route/explain.ts';
