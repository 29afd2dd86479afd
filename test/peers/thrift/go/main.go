// A Thrift peer for the end-to-end tests: `peer server JSON` or `peer client JSON`.
package main

import "os"

func main() {
	if os.Args[1] == "server" {
		runServer(os.Args[2])
	} else {
		runClient()
	}
}
