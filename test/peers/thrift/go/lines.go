package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/apache/thrift/lib/go/thrift"
	"polywire.io/peers/thrift/generated/calls"
)

const longestLine = 64 << 20

var output sync.Mutex

type command struct {
	ID           int               `json:"id"`
	Op           string            `json:"op"`
	On           string            `json:"on"`
	Name         string            `json:"name"`
	Method       string            `json:"method"`
	Args         []json.RawMessage `json:"args"`
	Headers      map[string]string `json:"headers"`
	Only         []string          `json:"only"`
	Bytes        int               `json:"bytes"`
	Type         string            `json:"type"`
	Calls        int64             `json:"calls"`
	Threads      int               `json:"threads"`
	Milliseconds int               `json:"milliseconds"`
	Slow         int               `json:"slow"`
	Pause        int               `json:"pause"`
}

type handler func(one command, line []byte) (any, error)

// serve speaks the line protocol with the test, a JSON object per line in and one per line out, in any order. It serves until the
// input ends, which is also how a peer learns that its test died; then it leaves at once.
func serve(ready any, handle handler) {
	said, _ := json.Marshal(ready)
	say("READY " + string(said))
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, longestLine)
	for in.Scan() {
		line := append([]byte(nil), in.Bytes()...)
		go answer(line, handle)
	}
	os.Exit(0)
}

func say(line string) {
	output.Lock()
	defer output.Unlock()
	fmt.Println(line)
}

func answer(line []byte, handle handler) {
	var one command
	reply := map[string]any{}
	err := json.Unmarshal(line, &one)
	if err == nil {
		reply["ok"], err = handle(one, line)
	}
	reply["id"] = one.ID
	if err != nil {
		reply["error"] = describe(err)
	}
	said, _ := json.Marshal(reply)
	say(string(said))
}

func describe(err error) map[string]any {
	var account *calls.AccountException
	var application thrift.TApplicationException
	var transport thrift.TTransportException
	var protocol thrift.TProtocolException
	description := map[string]any{"class": fmt.Sprintf("%T", err), "message": err.Error()}
	switch {
	case errors.As(err, &account):
		description["class"] = "AccountException"
		description["account"] = account.Account
		description["code"] = account.Code
	case errors.As(err, &application):
		description["class"] = "TApplicationException"
		description["type"] = application.TypeId()
	case errors.As(err, &transport):
		description["class"] = "TTransportException"
	case errors.As(err, &protocol):
		description["class"] = "TProtocolException"
	}
	return description
}
