package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"polywire.io/peers/thrift/generated/calls"
)

const defaultTimeoutMilliseconds = 10_000

type settings struct {
	wire
	Port        int    `json:"port"`
	Service     string `json:"service"`
	ServiceName string `json:"serviceName"`
	Timeout     int    `json:"timeout"`
}

// connection carries one call at a time, as this library's clients do.
type connection struct {
	settings  settings
	lock      sync.Mutex
	transport thrift.TTransport
	header    *thrift.THeaderProtocol
	client    any
}

func open(s settings) (*connection, error) {
	c := &connection{settings: s}
	return c, c.connect()
}

func (c *connection) connect() error {
	s := c.settings
	if s.Timeout == 0 {
		s.Timeout = defaultTimeoutMilliseconds
	}
	if s.Service == "" {
		s.Service = "Calls"
	}
	if s.ServiceName == "" {
		s.ServiceName = s.Service
	}
	conf := s.configuration(time.Duration(s.Timeout) * time.Millisecond)
	transport, err := s.transportFactory(conf).GetTransport(thrift.NewTSocketConf(fmt.Sprintf("127.0.0.1:%d", s.Port), conf))
	if err != nil {
		return err
	}
	protocol := s.protocolFactory(conf).GetProtocol(transport)
	c.header, _ = protocol.(*thrift.THeaderProtocol)
	output := protocol
	if s.Multiplexed {
		output = thrift.NewTMultiplexedProtocol(protocol, s.ServiceName)
	}
	standard := thrift.NewTStandardClient(protocol, output)
	if s.Service == "Others" {
		c.client = calls.NewOthersClient(standard)
	} else {
		c.client = calls.NewLaterCallsClient(standard)
	}
	c.transport = transport
	return transport.Open()
}

// call returns the value, nil for none, and the THeader headers that came with it.
func (c *connection) call(method string, args []any, headers map[string]string) (any, map[string]string, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	target := reflect.ValueOf(c.client).MethodByName(strings.ToUpper(method[:1]) + method[1:])
	if !target.IsValid() {
		return nil, nil, fmt.Errorf("no such method: %s", method)
	}
	in := []reflect.Value{reflect.ValueOf(c.withHeaders(headers))}
	for i, arg := range args {
		value, err := convert(arg, target.Type().In(i+1))
		if err != nil {
			return nil, nil, err
		}
		in = append(in, value)
	}
	out := target.Call(in)
	if err, failed := out[len(out)-1].Interface().(error); failed {
		return nil, nil, err
	}
	answered := map[string]string{}
	if c.header != nil {
		for key, value := range c.header.GetReadHeaders() {
			answered[key] = value
		}
	}
	if len(out) == 1 {
		return nil, answered, nil
	}
	return out[0].Interface(), answered, nil
}

// withHeaders hands the headers over in both ways that the library has: a multiplexing client does not look at the context.
func (c *connection) withHeaders(headers map[string]string) context.Context {
	ctx := context.Background()
	if c.header == nil {
		return ctx
	}
	c.header.ClearWriteHeaders()
	keys := []string{}
	for key, value := range headers {
		c.header.SetWriteHeader(key, value)
		ctx = thrift.SetHeader(ctx, key, value)
		keys = append(keys, key)
	}
	return thrift.SetWriteHeaderList(ctx, keys)
}

func convert(arg any, wanted reflect.Type) (reflect.Value, error) {
	raw, isRaw := arg.(json.RawMessage)
	if !isRaw {
		return reflect.ValueOf(arg), nil
	}
	value := reflect.New(wanted)
	// An enum of the generated code reads itself from its name; the commands have its number.
	if wanted == reflect.TypeOf(calls.Color(0)) {
		var number int64
		err := json.Unmarshal(raw, &number)
		return reflect.ValueOf(calls.Color(number)), err
	}
	return value.Elem(), json.Unmarshal(raw, value.Interface())
}

type client struct {
	lock        sync.Mutex
	connections map[string]*connection
	loads       map[string]*load
}

func (c *client) handle(one command, line []byte) (any, error) {
	switch one.Op {
	case "open":
		return nil, c.open(one.On, line)
	case "stop":
		c.lock.Lock()
		defer c.lock.Unlock()
		c.loads[one.Name].stopped.Store(true)
		return nil, nil
	}
	c.lock.Lock()
	found, ok := c.connections[one.On]
	c.lock.Unlock()
	if !ok {
		return nil, fmt.Errorf("nothing is open as %s", one.On)
	}
	switch one.Op {
	case "call":
		args := make([]any, len(one.Args))
		for i, arg := range one.Args {
			args[i] = arg
		}
		value, headers, err := found.call(one.Method, args, one.Headers)
		return map[string]any{"value": value, "headers": headers}, err
	case "suite":
		return suite(found, one.Only), nil
	case "large":
		return large(found, one)
	case "load":
		return c.load(found, one).run(), nil
	case "close":
		c.lock.Lock()
		delete(c.connections, one.On)
		c.lock.Unlock()
		return nil, found.transport.Close()
	}
	return nil, fmt.Errorf("no such command: %s", one.Op)
}

func (c *client) open(on string, line []byte) error {
	var s settings
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	opened, err := open(s)
	if err != nil {
		return err
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.connections[on] = opened
	return nil
}

func (c *client) load(found *connection, one command) *load {
	c.lock.Lock()
	defer c.lock.Unlock()
	if one.Name == "" {
		one.Name = "load"
	}
	started := newLoad(found.settings, one)
	c.loads[one.Name] = started
	return started
}

func large(c *connection, one command) (any, error) {
	if one.Type == "binary" {
		sent := bytes.Repeat([]byte("polywire"), one.Bytes/8)
		back, _, err := c.call("echoBinary", []any{sent}, nil)
		if err != nil {
			return nil, err
		}
		return map[string]any{"length": len(back.([]byte)), "equal": bytes.Equal(sent, back.([]byte))}, nil
	}
	sent := strings.Repeat("0123456789abcdef", one.Bytes/16)
	back, _, err := c.call("echoString", []any{sent}, nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{"length": len(back.(string)), "equal": sent == back}, nil
}

func runClient() {
	c := &client{connections: map[string]*connection{}, loads: map[string]*load{}}
	serve(map[string]any{}, c.handle)
}
