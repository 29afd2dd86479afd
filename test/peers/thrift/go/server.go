package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"polywire.io/peers/thrift/generated/calls"
)

type export struct {
	wire
	Name string `json:"name"`
	Port int    `json:"port"`
}

type service struct {
	name   string
	served atomic.Int64
	lock   sync.Mutex
	texts  []string
}

func (s *service) Nothing(context.Context) error { return nil }

func (s *service) EchoString(_ context.Context, text string) (string, error) { return text, nil }

func (s *service) EchoBinary(_ context.Context, bytes []byte) ([]byte, error) { return bytes, nil }

func (s *service) EchoEverything(_ context.Context, value *calls.Everything) (*calls.Everything, error) {
	return value, nil
}

func (s *service) EchoList(_ context.Context, items []string) ([]string, error) { return items, nil }

func (s *service) EchoMap(_ context.Context, items map[string]int64) (map[string]int64, error) {
	return items, nil
}

func (s *service) Who(ctx context.Context, token string) (*calls.Answer, error) {
	return s.answer(ctx, token), nil
}

func (s *service) Slow(ctx context.Context, milliseconds int32, token string) (*calls.Answer, error) {
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	return s.answer(ctx, token), nil
}

func (s *service) Pick(
	ctx context.Context, _ bool, _ int8, _ int16, _ int32, _ int64, _ float64, text string, _ calls.Color,
) (*calls.Answer, error) {
	return s.answer(ctx, text), nil
}

func (s *service) Fail(_ context.Context, account string) (string, error) {
	return "", &calls.AccountException{Account: account, Code: 42}
}

func (s *service) Crash(_ context.Context, reason string) (string, error) {
	return "", errors.New(reason)
}

func (s *service) Note(_ context.Context, text string) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.texts = append(s.texts, text)
	return nil
}

func (s *service) Noted(context.Context) ([]string, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return append([]string(nil), s.texts...), nil
}

func (s *service) answer(ctx context.Context, token string) *calls.Answer {
	headers := map[string]string{}
	for _, key := range thrift.GetReadHeaderList(ctx) {
		headers[key], _ = thrift.GetHeader(ctx, key)
	}
	if helper, ok := thrift.GetResponseHelper(ctx); ok {
		helper.SetHeader("provider", s.name)
	}
	return &calls.Answer{Provider: s.name, Token: token, Headers: headers}
}

// counting counts the messages that were served.
type counting struct {
	thrift.TProcessor
	service *service
}

func (c counting) Process(ctx context.Context, in, out thrift.TProtocol) (bool, thrift.TException) {
	ok, err := c.TProcessor.Process(ctx, in, out)
	if ok {
		c.service.served.Add(1)
	}
	return ok, err
}

func (e export) processor(s *service) thrift.TProcessor {
	if !e.Multiplexed {
		return counting{calls.NewCallsProcessor(s), s}
	}
	all := thrift.NewTMultiplexedProcessor()
	all.RegisterProcessor("Calls", calls.NewCallsProcessor(s))
	all.RegisterProcessor("Others", calls.NewOthersProcessor(s))
	return counting{all, s}
}

func (e export) start() (*service, int, error) {
	s := &service{name: e.Name}
	socket, err := thrift.NewTServerSocket(fmt.Sprintf("127.0.0.1:%d", e.Port))
	if err != nil {
		return nil, 0, err
	}
	if err := socket.Listen(); err != nil {
		return nil, 0, err
	}
	conf := e.configuration(0)
	server := thrift.NewTSimpleServer4(e.processor(s), socket, e.transportFactory(conf), e.protocolFactory(conf))
	server.SetLogger(func(message string) { fmt.Fprintln(os.Stderr, message) })
	go server.Serve()
	return s, socket.Addr().(*net.TCPAddr).Port, nil
}

func runServer(settings string) {
	var parsed struct {
		Exports []export `json:"exports"`
	}
	if err := json.Unmarshal([]byte(settings), &parsed); err != nil {
		panic(err)
	}
	services := map[string]*service{}
	ports := map[string]int{}
	for _, each := range parsed.Exports {
		s, port, err := each.start()
		if err != nil {
			panic(err)
		}
		services[each.Name], ports[each.Name] = s, port
	}
	serve(map[string]any{"ports": ports}, func(one command, _ []byte) (any, error) {
		if one.Op != "served" {
			return nil, fmt.Errorf("no such command: %s", one.Op)
		}
		served := map[string]int64{}
		for name, s := range services {
			served[name] = s.served.Load()
		}
		return served, nil
	})
}
