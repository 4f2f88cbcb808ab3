package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// answerLimit bounds the body of a unary answer that is held in memory.
const answerLimit = 1 << 30

// Result is the whole answer to a request.
type Result struct {
	data     []byte
	header   http.Header
	code     int
	err      error
	warnings []Warning
	what     string // method and URL
}

// Do sends the request and reads the whole answer.
func (r *Request) Do(ctx context.Context) Result {
	tries := 0
	for {
		result := r.do(ctx, &tries)
		if result.err == nil || result.header == nil {
			return result
		}
		// The answer began and did not end well: a read is repeated, if the connection broke.
		wait, again := r.outcome(tries, result.err).again()
		if !again || r.waitToRepeat(ctx, 0, wait, result.err) != nil {
			return result
		}
	}
}

// do is Do without repetition once the answer has begun. Without an answer, the result has no header.
func (r *Request) do(ctx context.Context, tries *int) Result {
	what := r.method + " " + r.shown()
	resp, err := r.sendAfter(ctx, wholeAnswer, tries)
	if err != nil {
		return Result{err: err, code: codeOf(err), what: what}
	}
	defer resp.Body.Close()
	data, err := readAll(resp)
	r.logBody(ctx, "response", data)
	if err != nil {
		err = fmt.Errorf("%s: reading the answer: %w", what, err)
	}
	return Result{
		data:     data,
		header:   resp.Header,
		code:     resp.StatusCode,
		err:      err,
		warnings: parseWarnings(resp.Header),
		what:     what,
	}
}

// readAll reads a body of at most answerLimit bytes.
func readAll(resp *http.Response) ([]byte, error) {
	var data []byte
	if n := resp.ContentLength; n > 0 && n <= answerLimit {
		data = make([]byte, n)
		_, err := io.ReadFull(resp.Body, data)
		return data, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	if err == nil && len(data) > answerLimit {
		return nil, fmt.Errorf("it is larger than %d bytes: use Stream", answerLimit)
	}
	return data, err
}

// DoRaw sends the request and returns the body of the answer as it is.
func (r *Request) DoRaw(ctx context.Context) ([]byte, error) { return r.Do(ctx).Raw() }

// Stream sends the request and returns the body of the answer to be read as it comes, such as a log. The caller must close it. Only the
// wait for the first byte is bounded by the time-out; ctx ends the stream.
func (r *Request) Stream(ctx context.Context) (io.ReadCloser, error) {
	resp, err := r.send(ctx, headerOnly)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// Error returns why the request failed, or nil. An error of the server's is an *errors.StatusError of k8s.io/apimachinery.
func (r Result) Error() error { return r.err }

// Raw returns the body of the answer as it is.
func (r Result) Raw() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.data, nil
}

// StatusCode returns the answer's status code, 0 if there was no answer.
func (r Result) StatusCode() int { return r.code }

// WasCreated says whether the request created an object, rather than finding one.
func (r Result) WasCreated() bool { return r.code == http.StatusCreated }

// ContentType returns the answer's media type.
func (r Result) ContentType() string { return r.header.Get("Content-Type") }

// Header returns a header of the answer, such as "ETag"; "" if it is not there.
func (r Result) Header(name string) string { return r.header.Get(name) }

// Warnings returns what the server warned about.
func (r Result) Warnings() []Warning { return slices.Clone(r.warnings) }

// Get decodes the answer as an object of the resource, in whatever format it is.
func (r Result) Get(def *resource.Definition) (resource.Object, error) {
	if r.err != nil {
		return nil, r.err
	}
	return r.object(decode.For(def))
}

// object decodes the answer. One that has neither a kind nor a name is an error: any JSON could be read as an object with nothing set.
func (r Result) object(d *decode.Decoder) (resource.Object, error) {
	o, err := d.Object(r.ContentType(), r.data)
	if err == nil && o.GetName() == "" && decode.Kind(r.ContentType(), r.data) == "" {
		err = errNoObject
	}
	if err != nil {
		return nil, r.unreadable(err)
	}
	return o, nil
}

var errNoObject = errors.New("it is no object of the API: it has no kind")

// Into decodes a JSON answer into the value that target points to. For answers in protobuf, use Get.
func (r Result) Into(target any) error {
	if r.err != nil {
		return r.err
	}
	if t := r.ContentType(); !isJSON(t) {
		return r.unreadable(fmt.Errorf("want %s", ContentTypeJSON))
	}
	if err := json.Unmarshal(r.data, target); err != nil {
		return r.unreadable(err)
	}
	return nil
}

// done returns why it is not certain that an API server did what was asked for. It answers with a Status, with what it did it to, or
// with nothing and a code that says so; a page of a proxy is no success, whatever its code.
func (r Result) done() error {
	if r.err != nil || r.code == http.StatusNoContent {
		return r.err
	}
	status, ok := decode.Status(r.ContentType(), r.data)
	switch {
	case !isJSON(r.ContentType()):
		return r.unreadable(fmt.Errorf("want %s", ContentTypeJSON))
	case ok && status.Status != metav1.StatusSuccess:
		return r.unreadable(&apierrors.StatusError{ErrStatus: *status})
	case decode.Kind(r.ContentType(), r.data) == "":
		return r.unreadable(errNoObject)
	}
	return nil
}

// unreadable says that a success could not be understood.
func (r Result) unreadable(err error) error { return unreadable(r.what, r.ContentType(), r.data, err) }

// unreadable says that a success could not be understood. Often that is the page of a proxy in between, whose beginning is shown; an
// object's bytes are not, since they may be secret.
func unreadable(what, contentType string, data []byte, err error) error {
	if isAPI(contentType) {
		return fmt.Errorf("%s: the answer cannot be read: %w", what, err)
	}
	return fmt.Errorf("%s: the answer does not come from an API server, it is %s", what, describe(contentType, data))
}

// isAPI says whether a media type is one that API servers send objects in.
func isAPI(contentType string) bool {
	return isJSON(contentType) || mediaType(contentType) == ContentTypeProtobuf
}

func isJSON(contentType string) bool {
	t := mediaType(contentType)
	return t == "" || t == ContentTypeJSON || strings.HasSuffix(t, "+json")
}

func mediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// codeOf is the status code that an error carries, or 0.
func codeOf(err error) int {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return int(status.Status().Code)
	}
	return 0
}
