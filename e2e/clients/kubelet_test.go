package clients_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/moby/spdystream"
	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
	"github.com/sheaf-dev/sheaf/rest"
)

// A kubelet stands in for that of one node. The API server asks it for logs, for commands and ports over SPDY, and for whatever a proxy of the
// node is asked for.
type kubelet struct {
	t       *testing.T
	running sync.WaitGroup
}

// nodeIP is the address of all nodes, on different ports; nothing has it.
const nodeIP = "10.11.12.14"

// startKubelet starts a kubelet with a node of its own, and a pod "p" on it in a namespace of its own.
func startKubelet(t *testing.T, client *rest.Client) typed.Client[*coreapi.Pod] {
	t.Helper()
	k := &kubelet{t: t}
	served := httptest.NewTLSServer(k)
	t.Cleanup(func() {
		served.Close()
		k.running.Wait()
	})
	address, err := url.Parse(served.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseInt(address.Port(), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	nodes, ns := typed.For(client, corev1.Nodes), namespace(t, client)
	node := create(t, nodes, &coreapi.Node{ObjectMeta: metav1.ObjectMeta{Name: ns}})
	nodesNetwork.answerFor(net.JoinHostPort(nodeIP, address.Port()), address.Host)
	node.Status.Addresses = []coreapi.NodeAddress{{Type: coreapi.NodeInternalIP, Address: nodeIP}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(port)
	if _, err := nodes.UpdateStatus(t.Context(), node, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	pods := typed.For(client, corev1.Pods).Namespace(ns)
	create(t, pods, &coreapi.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p"},
		Spec:       coreapi.PodSpec{NodeName: ns, Containers: []coreapi.Container{{Name: "main", Image: "example.com/web"}}},
	})
	return pods
}

func (k *kubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.running.Add(1)
	defer k.running.Done()
	switch what, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); what {
	case "containerLogs":
		fmt.Fprintf(w, "log of %s, tail %s\n", r.URL.Path, r.URL.Query().Get("tailLines"))
	case "exec":
		opened, end := upgrade(w, r)
		asked := r.URL.Query()
		k.run(opened, end, asked, asked["command"]...)
	case "attach":
		opened, end := upgrade(w, r)
		k.run(opened, end, r.URL.Query(), "main")
	case "healthz":
		fmt.Fprintf(w, "ok, asked for %s", r.URL.RequestURI())
	case "portForward":
		k.forward(upgrade(w, r))
	default:
		http.NotFound(w, r)
	}
}

// upgrade agrees to speak SPDY, in the first of the protocols.
func upgrade(w http.ResponseWriter, r *http.Request) (streams <-chan *spdystream.Stream, end func()) {
	conn, _, err := w.(http.Hijacker).Hijack() // first: what the client sends after the answer must not be read by the HTTP server
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: %s\r\n\r\n",
		r.Header.Values("X-Stream-Protocol-Version")[0])
	spdy, err := spdystream.NewConnection(conn, true)
	if err != nil {
		panic(err)
	}
	opened := make(chan *spdystream.Stream, 100)
	var served sync.WaitGroup
	served.Go(func() {
		spdy.Serve(func(s *spdystream.Stream) {
			opened <- s
			_ = s.SendReply(http.Header{}, false)
		})
		close(opened)
	})
	return opened, func() {
		conn.Close()
		served.Wait()
	}
}

// run runs one of the commands cat, "exit CODE" and size, or is the process main of a container, which greets and then is like cat.
func (k *kubelet) run(opened <-chan *spdystream.Stream, end func(), asked url.Values, command ...string) {
	defer end()
	wanted := []string{"error"}
	for name, stream := range map[string]string{"input": "stdin", "output": "stdout", "error": "stderr"} {
		if asked.Get(name) == "1" {
			wanted = append(wanted, stream)
		}
	}
	if asked.Get("tty") == "1" {
		wanted = append(wanted, "resize")
	}
	streams := map[string]*spdystream.Stream{}
	for range wanted {
		s, ok := <-opened
		if !ok {
			return
		}
		streams[s.Headers().Get("streamType")] = s
	}
	status := `{"metadata":{},"status":"Success"}`
	switch command[0] {
	case "main":
		_, _ = io.WriteString(streams["stdout"], "hello ")
		fallthrough
	case "cat":
		_, _ = io.Copy(streams["stdout"], streams["stdin"])
	case "exit":
		_, _ = io.WriteString(streams["stderr"], "it fails\n")
		status = fmt.Sprintf(`{"metadata":{},"status":"Failure","message":"command terminated","reason":"NonZeroExitCode",
			"details":{"causes":[{"reason":"ExitCode","message":%q}]}}`, command[1])
	case "size":
		data := make([]byte, 100)
		n, _ := streams["resize"].Read(data)
		_, _ = streams["stdout"].Write(data[:n])
	}
	_, _ = io.WriteString(streams["error"], status)
	for _, s := range streams {
		_ = s.Close()
	}
}

// forward answers connections to port 9 with an error, and to others with what they send.
func (k *kubelet) forward(opened <-chan *spdystream.Stream, end func()) {
	defer end()
	var conns sync.WaitGroup
	defer conns.Wait()
	failures := map[string]*spdystream.Stream{}
	for s := range opened {
		id := s.Headers().Get("requestID")
		if s.Headers().Get("streamType") == "error" {
			failures[id] = s
			continue
		}
		failure := failures[id]
		conns.Go(func() {
			if s.Headers().Get("port") == "9" {
				_, _ = io.WriteString(failure, "nobody listens")
			} else {
				_, _ = io.Copy(s, s)
			}
			_ = s.Close()
			_ = failure.Close()
			_ = s.Reset()
			_ = failure.Reset()
		})
	}
}
