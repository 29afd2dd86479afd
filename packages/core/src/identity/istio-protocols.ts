/** What Istio accepts as a port's protocol (pkg/config/protocol, Parse). Every other name is bytes to it. */
export const ISTIO_PROTOCOLS: readonly string[] = [
  'HTTP',
  'HTTPS',
  'GRPC',
  'GRPC-WEB',
  'HTTP2',
  'HTTP_PROXY',
  'MONGO',
  'MYSQL',
  'REDIS',
  'TCP',
  'TLS',
  'UDP',
];
