module polywire.io/peers/thrift

go 1.19

require github.com/apache/thrift v0.18.1
