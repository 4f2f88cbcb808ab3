package clients_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// egress is the way from the API server to nodes and pods: an HTTP proxy on a socket in the file system. Nodes and pods have addresses that lead
// nowhere, since the API server refuses to proxy to 127.0.0.1; a test says who answers in their place.
type egress struct {
	dir     string // has all files
	server  http.Server
	serving sync.WaitGroup // the server, and connections that it has handed over

	mu      sync.Mutex        // owns answers
	answers map[string]string // the address of a pod or kubelet → the address of who answers
}

// startEgress starts it. The flag makes the API server use it.
func startEgress() (e *egress, flag string, err error) {
	dir, err := os.MkdirTemp("", "egress")
	if err != nil {
		return nil, "", err
	}
	e = &egress{dir: dir, answers: map[string]string{}}
	socket, config := filepath.Join(dir, "socket"), filepath.Join(dir, "config.yaml")
	err = os.WriteFile(config, fmt.Appendf(nil, `{"apiVersion":"apiserver.k8s.io/v1beta1","kind":"EgressSelectorConfiguration","egressSelections":[
		{"name":"cluster","connection":{"proxyProtocol":"HTTPConnect","transport":{"uds":{"udsName":%q}}}}]}`, socket), 0o600)
	if err != nil {
		return nil, "", errors.Join(err, e.stop())
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, "", errors.Join(err, e.stop())
	}
	e.server.Handler = http.HandlerFunc(e.connect)
	e.serving.Go(func() { _ = e.server.Serve(listener) })
	return e, "--egress-selector-config-file=" + config, nil
}

// stop ends it, and waits.
func (e *egress) stop() error {
	err := e.server.Close()
	e.serving.Wait()
	return errors.Join(err, os.RemoveAll(e.dir))
}

// answerFor makes connections to one address go to another.
func (e *egress) answerFor(address, answers string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answers[address] = answers
}

func (e *egress) target(address string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.answers[address]
}

// connect joins the API server with whom it asks for, until one of them ends.
func (e *egress) connect(w http.ResponseWriter, r *http.Request) {
	e.serving.Add(1)
	defer e.serving.Done()
	there, err := net.Dial("tcp", e.target(r.Host))
	if r.Method != http.MethodConnect || err != nil {
		http.Error(w, fmt.Sprint(r.Method, " ", r.Host, ": ", err), http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	var back sync.WaitGroup
	defer back.Wait()
	back.Go(func() {
		_, _ = io.Copy(here, there)
		here.Close()
	})
	_, _ = io.Copy(there, buffered)
	there.Close()
}
