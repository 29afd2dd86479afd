// The server of gRPC's interoperability tests, on a free loopback port. (The one that comes with gRPC listens on every
// address.) It ends with its input.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/orca"
)

// named says who it is when it is asked to, as the case pick_first_unary expects. gRPC's own does not.
type named struct {
	testgrpc.TestServiceServer
	name string
}

func (server named) UnaryCall(ctx context.Context, request *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	response, err := server.TestServiceServer.UnaryCall(ctx, request)
	if response != nil && request.FillServerId {
		response.ServerId = server.name
	}
	return response, err
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(orca.CallMetricsServerOption(nil))
	metrics := interop.NewTestServerOptions{MetricsRecorder: orca.NewServerMetricsRecorder()}
	testgrpc.RegisterTestServiceServer(server, named{interop.NewTestServer(metrics), listener.Addr().String()})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("READY {\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(server.Serve(listener))
}
