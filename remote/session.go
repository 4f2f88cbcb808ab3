package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/coder/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/remotecommand"
)

// The protocols of commands: each message is a byte that names the channel, and that channel's data.
const (
	protocolV4 = remotecommand.StreamProtocolV4Name
	protocolV5 = remotecommand.StreamProtocolV5Name

	statusLimit = 1 << 20 // bytes of the last word on a command
)

// session is one running command. It is used once.
type session struct {
	conn    *websocket.Conn
	streams Streams
	status  bytes.Buffer // what came on the error channel
}

// run moves data until the server ends the connection, and returns how the command ended.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer s.conn.CloseNow()
	defer cancel(context.Canceled)
	background.Go(func() { keepAlive(ctx, s.conn) })
	if s.streams.Resize != nil {
		background.Go(func() { s.resize(ctx, cancel) })
	}
	if s.streams.Stdin != nil {
		// Nobody can end a Read of the user's: the goroutine reading may outlive the session, but no longer than that.
		in := newInput(s.streams.Stdin)
		defer in.stop()
		background.Go(func() { s.send(ctx, cancel, in) })
	}
	return s.outcome(ctx, s.receive(ctx))
}

// receive writes the output until the connection ends.
func (s *session) receive(ctx context.Context) error {
	for {
		_, message, err := s.conn.Reader(ctx)
		if err != nil {
			return err
		}
		var channel [1]byte
		if _, err := io.ReadFull(message, channel[:]); errors.Is(err, io.EOF) {
			continue // an empty message says nothing
		} else if err != nil {
			return err
		}
		to, err := s.writer(channel[0])
		if err != nil {
			return err
		}
		if _, err := io.Copy(to, message); err != nil {
			return err
		}
	}
}

// writer returns where a channel's data goes.
func (s *session) writer(channel byte) (io.Writer, error) {
	to := io.Discard
	switch channel {
	case remotecommand.StreamStdOut:
		if s.streams.Stdout != nil {
			to = userWriter{s.streams.Stdout}
		}
	case remotecommand.StreamStdErr:
		if s.streams.Stderr != nil {
			to = userWriter{s.streams.Stderr}
		}
	case remotecommand.StreamErr:
		if s.status.Len() > statusLimit {
			return nil, errors.New("the server's account of how the command ended is too large")
		}
		to = &s.status
	}
	return to, nil
}

// errOutput marks errors of the user's writers.
var errOutput = errors.New("writing the output")

type userWriter struct{ io.Writer }

func (w userWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = fmt.Errorf("%w: %w", errOutput, err)
	}
	return n, err
}

// outcome says how the command ended, given how the connection did. What the server said about the command counts most: after it,
// connections end in many ways.
func (s *session) outcome(ctx context.Context, err error) error {
	switch why := context.Cause(ctx); {
	case errors.Is(err, errOutput):
		return err
	case s.status.Len() > 0:
		return exit(s.status.Bytes())
	case why != nil:
		return why
	case websocket.CloseStatus(err) >= 0:
		return fmt.Errorf("the server ended the connection without saying how the command ended: %w", err)
	}
	return fmt.Errorf("the connection broke: %w", err)
}

// exit reads the server's last word.
func exit(data []byte) error {
	var status metav1.Status
	if err := json.Unmarshal(data, &status); err != nil {
		return fmt.Errorf("the server's account of how the command ended cannot be read: %w", err)
	}
	switch {
	case status.Status == metav1.StatusSuccess:
		return nil
	case status.Reason != remotecommand.NonZeroExitCodeReason || status.Details == nil:
		return &apierrors.StatusError{ErrStatus: status}
	}
	for _, cause := range status.Details.Causes {
		if cause.Type != remotecommand.ExitCodeCauseType {
			continue
		}
		code, err := strconv.Atoi(cause.Message)
		if err != nil {
			return fmt.Errorf("the exit code %q is no number", cause.Message)
		}
		return &ExitError{Code: code, Message: status.Message}
	}
	return &apierrors.StatusError{ErrStatus: status}
}
