package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"polywire.io/peers/thrift/generated/calls"
)

const (
	patience    = 12 * time.Second
	keptSamples = 5
)

var runs atomic.Int64

// load makes many calls at once, every one accounted for: answered (by whom), failed (how), answered with another call's token
// (mixed) or never ended (lost). Each thread has a connection of its own.
type load struct {
	settings   settings
	command    command
	number     int64
	stopped    atomic.Bool
	started    atomic.Int64
	ended      atomic.Int64
	mixed      atomic.Int64
	lock       sync.Mutex
	byProvider map[string]int
	failures   map[string]int
	samples    []string
}

func newLoad(s settings, one command) *load {
	if one.Threads == 0 {
		one.Threads = 4
	}
	if one.Milliseconds == 0 {
		one.Milliseconds = 30_000
	}
	if one.Calls == 0 {
		one.Calls = 1 << 40
	}
	return &load{settings: s, command: one, number: runs.Add(1), byProvider: map[string]int{}, failures: map[string]int{}, samples: []string{}}
}

func (l *load) run() any {
	begin := time.Now()
	end := begin.Add(time.Duration(l.command.Milliseconds) * time.Millisecond)
	var workers sync.WaitGroup
	for i := 0; i < l.command.Threads; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			l.work(end)
		}()
	}
	done := make(chan struct{})
	go func() {
		workers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Until(end) + patience):
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	return map[string]any{
		"calls": l.started.Load(), "lost": l.started.Load() - l.ended.Load(), "mixed": l.mixed.Load(), "byProvider": l.byProvider,
		"failures": l.failures, "samples": l.samples, "milliseconds": time.Since(begin).Milliseconds(),
	}
}

func (l *load) work(end time.Time) {
	var c *connection
	for !l.stopped.Load() && time.Now().Before(end) {
		number := l.started.Add(1)
		if number > l.command.Calls {
			l.started.Add(-1)
			break
		}
		var err error
		if c == nil {
			c, err = open(l.settings)
		}
		if err == nil {
			err = l.one(c, fmt.Sprintf("load%d-%d", l.number, number))
		}
		if err != nil {
			c = l.failed(c, err)
		}
		l.ended.Add(1)
		time.Sleep(time.Duration(l.command.Pause) * time.Millisecond)
	}
	if c != nil {
		c.transport.Close()
	}
}

func (l *load) one(c *connection, token string) error {
	method, args := "who", []any{token}
	if l.command.Slow > 0 {
		method, args = "slow", []any{int32(l.command.Slow), token}
	}
	value, _, err := c.call(method, args, l.command.Headers)
	if err != nil {
		return err
	}
	answer := value.(*calls.Answer)
	if answer.Token != token {
		l.mixed.Add(1)
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.byProvider[answer.Provider]++
	return nil
}

// failed answers what to go on with: a connection that failed is not fit for another call, one that answered is.
func (l *load) failed(c *connection, err error) *connection {
	description := describe(err)
	kind := fmt.Sprint(description["class"])
	if number, ok := description["type"]; ok {
		kind += fmt.Sprintf("/%v", number)
	}
	l.lock.Lock()
	l.failures[kind]++
	if len(l.samples) < keptSamples {
		l.samples = append(l.samples, err.Error())
	}
	l.lock.Unlock()
	if c == nil || description["class"] == "TApplicationException" {
		return c
	}
	c.transport.Close()
	return nil
}
