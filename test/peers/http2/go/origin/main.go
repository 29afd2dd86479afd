// An HTTP/2 server of golang.org/x/net, cleartext with prior knowledge, on a free loopback port. It ends with its input.
// What it answers is said in test/support/http2-origins.ts.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
)

const name = "go"

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", greet)
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/request", request)
	mux.HandleFunc("/early", early)
	mux.HandleFunc("/reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/bytes/", bytes)
	mux.HandleFunc("/slow/", slow)
	mux.HandleFunc("/status/", status)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("READY {\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	server := &http2.Server{MaxConcurrentStreams: 1000}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go server.ServeConn(connection, &http2.ServeConnOpts{Handler: mux})
	}
}

func greet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("content-type", "text/plain")
	fmt.Fprintf(w, "served by %s\n", name)
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("content-type", "application/octet-stream")
	w.WriteHeader(200)
	w.(http.Flusher).Flush()
	buffer := make([]byte, 64<<10)
	total := 0
	for {
		read, err := r.Body.Read(buffer)
		total += read
		if _, failed := w.Write(buffer[:read]); failed != nil {
			return
		}
		w.(http.Flusher).Flush()
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	w.Header().Set(http.TrailerPrefix+"x-echoed-bytes", strconv.Itoa(total))
	if said := r.Trailer.Get("x-said"); said != "" {
		w.Header().Set(http.TrailerPrefix+"x-said", said)
	}
}

func request(w http.ResponseWriter, r *http.Request) {
	headers := map[string]string{}
	for key, values := range r.Header {
		headers[strings.ToLower(key)] = strings.Join(values, ", ")
	}
	w.Header().Set("content-type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"server": name, "method": r.Method, "path": r.RequestURI, "authority": r.Host, "headers": headers,
	})
}

func early(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("link", "</style.css>; rel=preload")
	w.WriteHeader(http.StatusEarlyHints)
	w.Header().Del("link")
	greet(w, r)
}

func bytes(w http.ResponseWriter, r *http.Request) {
	left := number(r)
	w.Header().Set("content-type", "application/octet-stream")
	w.Header().Set("content-length", strconv.Itoa(left))
	block := make([]byte, 64<<10)
	for i := range block {
		block[i] = byte(i % 251)
	}
	for ; left > 0; left -= len(block) {
		if left < len(block) {
			block = block[:left]
		}
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func slow(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(time.Duration(number(r)) * time.Millisecond):
		greet(w, r)
	case <-r.Context().Done():
	}
}

func status(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(number(r))
}

func number(r *http.Request) int {
	value, _ := strconv.Atoi(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	return value
}
