// Package remote runs commands in pods, attaches to them, and forwards connections to their ports.
//
//	Beside the way. In: a typed client of pods. Out: commands' input and output, exit codes, and connections. Owner: the caller; Exec and
//	Attach return when all is over, a Tunnel belongs to who opened it until Close. Next: session.go.
//
//	pods := typed.For(client, corev1.Pods).Namespace("shop")
//	err := remote.Exec(ctx, pods, "cart-0", remote.Command{Args: []string{"ls", "/data"}}, remote.Streams{Stdout: os.Stdout})
//
//	tunnel, err := remote.Open(ctx, pods, "cart-0")
//	conn, err := tunnel.Dial(ctx, 8080)
//
// Everything goes over WebSockets through the API server, with the credentials, proxies and time-outs of the client. Servers
// since Kubernetes 1.30 offer that for commands, since 1.31 for ports.
//
// Reading order: exec.go, session.go (a command's protocol), input.go, websocket.go; tunnel.go, conn.go, forward.go (a port's).
package remote
