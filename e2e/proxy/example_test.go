package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"syscall"

	"github.com/sheaf-dev/sheaf/e2e/proxy"
)

func Example() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { // an echo server for one connection
		c, err := server.Accept()
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(c, c)
		c.Close()
	})
	defer wg.Wait()
	defer server.Close()

	p, err := proxy.Start(server.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	client, err := net.Dial("tcp", p.Address())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Fprintln(client, "hello")
	answer, err := bufio.NewReader(client).ReadString('\n')
	fmt.Printf("%q %v\n", answer, err)

	p.Cut()
	_, err = client.Read(make([]byte, 1))
	fmt.Println("reset:", errors.Is(err, syscall.ECONNRESET))
	fmt.Println("accepted:", p.Stats().Accepted)
	// Output:
	// "hello\n" <nil>
	// reset: true
	// accepted: 1
}
