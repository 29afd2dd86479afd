/** Ports of the demo, all on loopback. */
export interface DemoPorts {
  readonly proxy: number;
  readonly v1: number;
  readonly v2: number;
  readonly admin: number;
}

/** What the files in examples/gray-release say. */
export const DEFAULT_PORTS: DemoPorts = { proxy: 20880, v1: 20881, v2: 20882, admin: 15000 };

/** The service that the demo's providers offer. */
export const DEMO_SERVICE = 'com.acme.Greeter';

/** The demo's configuration by path below its folder: what examples/gray-release holds, for these ports. */
export function demoFiles(ports: DemoPorts): ReadonlyMap<string, string> {
  return new Map([
    ['polywire.yaml', bootstrap(ports)],
    ['mesh/greeter.yaml', service(ports)],
    ['mesh/routes.yaml', ROUTES],
  ]);
}

function bootstrap({ proxy, admin }: DemoPorts): string {
  return `# What this process is: where it listens, and where its mesh resources are.
listeners:
  - name: dubbo
    address: 127.0.0.1:${proxy}
    protocols: [dubbo]
admin:
  address: 127.0.0.1:${admin}
resources:
  - mesh/*.yaml
`;
}

function service({ v1, v2 }: DemoPorts): string {
  return `# The service and its two versions, as a registry would announce them.
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: greeter
  annotations:
    polywire.io/service: ${DEMO_SERVICE}
spec:
  hosts: [greeter.demo]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
    - name: dubbo
      number: 20880
      protocol: TCP
  endpoints:
    - address: 127.0.0.1
      ports: { dubbo: ${v1} }
      labels: { version: v1 }
    - address: 127.0.0.1
      ports: { dubbo: ${v2} }
      labels: { version: v2 }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: greeter
spec:
  host: ${DEMO_SERVICE}
  subsets:
    - name: v1
      labels: { version: v1 }
    - name: v2
      labels: { version: v2 }
`;
}

const ROUTES = `# Who gets which version. Change a weight while the proxy runs, and watch the calls move.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: greeter
spec:
  hosts: [${DEMO_SERVICE}]
  http:
    - name: gray
      match:
        - headers:
            dubbo.tag: { exact: gray }
      route:
        - destination: { host: ${DEMO_SERVICE}, subset: v2 }
    - name: everybody
      route:
        - destination: { host: ${DEMO_SERVICE}, subset: v1 }
          weight: 90
        - destination: { host: ${DEMO_SERVICE}, subset: v2 }
          weight: 10
`;
