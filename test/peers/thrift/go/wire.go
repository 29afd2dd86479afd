package main

import (
	"fmt"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
)

// wire is what both sides must agree on.
type wire struct {
	Transport   string   `json:"transport"`
	Protocol    string   `json:"protocol"`
	Multiplexed bool     `json:"multiplexed"`
	Transforms  []string `json:"transforms"`
}

func (w wire) configuration(timeout time.Duration) *thrift.TConfiguration {
	strict := w.Protocol != "binary-old"
	encoding := thrift.THeaderProtocolBinary
	if w.Protocol == "compact" {
		encoding = thrift.THeaderProtocolCompact
	}
	return &thrift.TConfiguration{
		SocketTimeout:      timeout,
		ConnectTimeout:     timeout,
		TBinaryStrictRead:  &strict,
		TBinaryStrictWrite: &strict,
		THeaderProtocolID:  &encoding,
	}
}

func (w wire) transportFactory(conf *thrift.TConfiguration) thrift.TTransportFactory {
	switch w.Transport {
	case "framed":
		return thrift.NewTFramedTransportFactoryConf(thrift.NewTTransportFactory(), conf)
	case "header":
		return thrift.NewTHeaderTransportFactoryConf(nil, conf)
	}
	return thrift.NewTBufferedTransportFactory(8192)
}

func (w wire) protocolFactory(conf *thrift.TConfiguration) thrift.TProtocolFactory {
	if w.Transport == "header" {
		return headerFactory{w, conf}
	}
	switch w.Protocol {
	case "compact":
		return thrift.NewTCompactProtocolFactoryConf(conf)
	case "json":
		return thrift.NewTJSONProtocolFactory()
	}
	return thrift.NewTBinaryProtocolFactoryConf(conf)
}

// headerFactory makes protocols that transform what they write; the library's own factory has no way to say so.
type headerFactory struct {
	wire wire
	conf *thrift.TConfiguration
}

func (f headerFactory) GetProtocol(transport thrift.TTransport) thrift.TProtocol {
	protocol := thrift.NewTHeaderProtocolConf(transport, f.conf)
	for _, name := range f.wire.Transforms {
		if name != "zlib" {
			panic(fmt.Sprintf("this library has no transform %s", name))
		}
		if err := protocol.AddTransform(thrift.TransformZlib); err != nil {
			panic(err)
		}
	}
	return protocol
}
