package port_test

import (
	"fmt"
	"log"
	"net"
	"testing"

	"github.com/sheaf-dev/sheaf/e2e/internal/port"
)

func TestFreePortsDifferAndCanBeListenedOn(t *testing.T) {
	ports, err := port.Free(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] {
			t.Errorf("port %d is given twice", p)
		}
		seen[p] = true
		if p < 20000 || p > 32767 {
			t.Errorf("port %d may be the local port of a connection", p)
		}
		l, err := net.Listen("tcp", port.Address(p))
		if err != nil {
			t.Error(err)
			continue
		}
		l.Close()
	}
	if len(seen) != 20 {
		t.Errorf("got %d ports", len(seen))
	}
}

func ExampleFree() {
	ports, err := port.Free(1)
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", port.Address(ports[0]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().String() == port.Address(ports[0]), l.Close())
	// Output: true <nil>
}
