/** What a plugin imports. Everything else in core may change without notice. */
export type { Endpoint, Learnt, Override } from './cluster/endpoint.ts';
export type { BalancedEndpoint, LoadBalancer, LoadBalancerFactory, Picker } from './cluster/load-balancer.ts';
export type { WarmUp } from './cluster/warm-up.ts';
export { parseDuration, parseSize } from './config/units.ts';
export { CodecError } from './errors/codec-error.ts';
export { ConfigError } from './errors/config-error.ts';
export { shownValue } from './errors/secrets.ts';
export type { Filter, FilterContext, FilterFactory, FilterVerdict, RouteInfo } from './filter/filter.ts';
export { type Plugin, type ProtocolFactory, SPI_VERSION } from './plugin/plugin.ts';
export type { CallAnswer, FrameCalls, ServiceCall, StreamCalls } from './protocol/calls.ts';
export {
  type Capability,
  type CodecConnection,
  type CodecCore,
  type ConnectionOptions,
  type Detection,
  type Echo,
  type Frame,
  type FrameKind,
  type FrameProtocol,
  type HeaderEdits,
  type HeaderScan,
  type Integrity,
  type LocalReply,
  type LocalReplyReason,
  type LookupResult,
  type Mediation,
  type Multiplexing,
  type NewFront,
  NOT_REACHED,
  type Outcome,
  type Peek,
  type Routing,
  type ScanRequest,
  UNREADABLE,
} from './protocol/spi.ts';
export type { Head, Protocol, StreamEngine, StreamingProtocol } from './protocol/streaming.ts';
export type {
  PublishedAddress,
  PublishedService,
  PublishedServiceStatus,
  Publisher,
  PublisherContext,
  PublisherFactory,
  PublisherStatus,
} from './publish/publisher.ts';
export type { EndpointCondition, EndpointRule, RequestCondition } from './registry/endpoint-rule.ts';
export { loopShare } from './registry/loop-share.ts';
export type {
  CallOptions,
  HoldReason,
  RegistryAdapter,
  RegistryAdapterFactory,
  RegistryContext,
  ServiceEntry,
  ServiceEntrySink,
  ServiceIdentity,
  ServicePort,
} from './registry/registry.ts';
export type {
  BoundUpstream,
  DownstreamConnection,
  DownstreamStream,
  Exchange,
  HeaderField,
  HeadReader,
  RequestHandler,
  ResetReason,
  SendResult,
  StreamCounter,
  StreamProtocol,
  UpstreamConnection,
  UpstreamOwner,
  UpstreamStream,
} from './stream/stream.ts';
export type { Timed } from './transport/timer-wheel.ts';
export type { Transport } from './transport/transport.ts';
