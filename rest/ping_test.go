package rest

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAWatchOnADeadConnectionEndsAfterAPingWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, authority := newNetwork(), newAuthority(t, "servers")
		var proto string
		server := &http.Server{ErrorLog: quiet(), TLSConfig: &tls.Config{Certificates: []tls.Certificate{authority.pair(t, "server")}},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				proto = r.Proto
				events(untilGone, addedX)(w, r)
			})}
		go func() { _ = server.ServeTLS(network, "", "") }()
		defer server.Close()
		client, err := NewClient(&Config{Host: "https://example.com", TLS: TLSConfig{CAData: authority.pem}, Dial: network.dial})
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseIdle()
		watch, err := client.ForResource(pods).Watch(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer watch.Close()
		if _, err := watch.Next(); err != nil || proto != "HTTP/2.0" {
			t.Fatalf("got %v over %s", err, proto)
		}
		time.AfterFunc(10*time.Minute, network.cut)
		start := time.Now()
		_, err = watch.Next()
		if err == nil || err == io.EOF || !strings.Contains(err.Error(), "http2: client connection lost") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start) - 10*time.Minute; took <= 0 || took > pingAfter+pingTimeout {
			t.Errorf("it took %v after the cut to find out", took)
		}
	})
}
