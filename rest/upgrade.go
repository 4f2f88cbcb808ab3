package rest

import (
	"context"
	"fmt"
	"net/http"
)

// Upgrade sends the request, whose headers ask for another protocol on the same connection, and returns the answer by which the server
// agreed (101). Its body is then the connection and an io.ReadWriteCloser, which the caller must close. Any other answer is an error.
//
// Only the wait for the answer is bounded by the time-out and by ctx; the connection is the caller's.
func (r *Request) Upgrade(ctx context.Context) (*http.Response, error) {
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
