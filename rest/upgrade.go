package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Upgrade sends the request, whose headers ask for another protocol on the same connection, and returns the answer by which the server
// agreed (101). Its body is then the connection and an io.ReadWriteCloser, which the caller must close. Any other answer is an error.
//
// What is asked for may happen as soon as the request has arrived, such as a command in a pod. So it is repeated as a write is, although it is a
// GET: only if the server said that nothing happened.
//
// Only the wait for the answer is bounded by the time-out and by ctx; the connection is the caller's.
func (r *Request) Upgrade(ctx context.Context) (*http.Response, error) {
	r.body.once = true
	resp, err := r.send(ctx, headerOnly)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		resp.Body.Close()
		return nil, fmt.Errorf("%s %s: the server answered %s and did not switch to another protocol", r.method, r.shown(), statusLine(resp))
	}
	return resp, nil
}

// onceBody is the empty body of a request that package net/http is not to repeat by itself: it does so with a GET without a body if the connection
// breaks and has been used before.
type onceBody struct{}

func (onceBody) Read([]byte) (int, error) { return 0, io.EOF }
func (onceBody) Close() error             { return nil }
