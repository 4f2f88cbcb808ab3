package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/coder/websocket"
	"k8s.io/apimachinery/pkg/util/remotecommand"
)

const chunk = 32 << 10 // bytes of input a message

// input reads from the user's reader on a goroutine of its own, one chunk ahead.
type input struct {
	chunks chan []byte // closed at the end
	done   chan struct{}
	stop   func()
	err    error // why chunks was closed, if it is not the end of the input
}

func newInput(r io.Reader) *input {
	in := &input{chunks: make(chan []byte), done: make(chan struct{})}
	in.stop = sync.OnceFunc(func() { close(in.done) })
	go in.read(r)
	return in
}

func (in *input) read(r io.Reader) {
	defer close(in.chunks)
	for {
		data := make([]byte, chunk)
		n, err := r.Read(data)
		if n > 0 {
			select {
			case in.chunks <- data[:n]:
			case <-in.done:
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				in.err = err
			}
			return
		}
	}
}

// send sends the input and its end. An input that fails ends the session: the command must not take what it got for the whole.
func (s *session) send(ctx context.Context, cancel context.CancelCauseFunc, in *input) {
	for {
		select {
		case <-ctx.Done():
			return
		case data, ok := <-in.chunks:
			if ok {
				if s.message(ctx, remotecommand.StreamStdIn, data) != nil {
					return // the reading side says why
				}
				continue
			}
			if in.err != nil {
				cancel(fmt.Errorf("reading the input: %w", in.err))
				return
			}
			if s.conn.Subprotocol() == protocolV5 {
				_ = s.message(ctx, remotecommand.StreamClose, []byte{remotecommand.StreamStdIn})
			}
			return
		}
	}
}

// resize sends the terminal's sizes.
func (s *session) resize(ctx context.Context, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case size, ok := <-s.streams.Resize:
			if !ok {
				return
			}
			data, err := json.Marshal(size)
			if err != nil {
				cancel(err)
				return
			}
			if s.message(ctx, remotecommand.StreamResize, data) != nil {
				return
			}
		}
	}
}

// message sends data on a channel. It may be called concurrently.
func (s *session) message(ctx context.Context, channel byte, data []byte) error {
	return s.conn.Write(ctx, websocket.MessageBinary, append([]byte{channel}, data...))
}
