// Server serves the collection of one workload on the loopback interface until its standard input is closed. It prints its URL when it is ready.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/sheaf-dev/sheaf/benchmarks/internal/frozen"
	"github.com/sheaf-dev/sheaf/benchmarks/internal/workload"
)

func main() {
	log.SetFlags(0)
	var w workload.Workload
	if len(os.Args) != 2 {
		log.Fatal("usage: server WORKLOAD (as JSON)")
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &w); err != nil {
		log.Fatalf("workload: %v", err)
	}
	s, err := frozen.New(&w)
	if err == nil {
		err = s.Prepare()
	}
	if err != nil {
		log.Fatalf("server: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the conductor does, however it does
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, s))
}
