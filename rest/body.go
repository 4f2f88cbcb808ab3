package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// The wire formats of the API.
const (
	ContentTypeJSON     = decode.MediaTypeJSON
	ContentTypeProtobuf = decode.MediaTypeProtobuf
)

// body is what a request sends.
type body struct {
	data   []byte
	reader io.Reader // instead of data; can be sent once only
	set    bool
	once   bool // if it is empty, net/http must not know
}

// Body sets what is sent: []byte as it is, an io.Reader as a stream (such a request is never repeated), or any other value as JSON. The
// content type is JSON unless SetHeader says otherwise or Patch has.
func (r *Request) Body(value any) *Request {
	if r.body.set {
		return r.fail(fmt.Errorf("the body is set twice"))
	}
	r.body.set = true
	switch v := value.(type) {
	case nil:
		return r
	case []byte:
		r.body.data = v
	case io.Reader:
		r.body.reader = v
	default:
		data, err := json.Marshal(v)
		if err != nil {
			return r.fail(fmt.Errorf("body of type %T: %w", value, err))
		}
		r.body.data = data
	}
	if r.header.Get("Content-Type") == "" {
		r.SetHeader("Content-Type", ContentTypeJSON)
	}
	return r
}

// BodyObject sets an object as the body, in the format that suits the resource, with its apiVersion and kind.
func (r *Request) BodyObject(def *resource.Definition, o resource.Object) *Request {
	if r.body.set {
		return r.fail(fmt.Errorf("the body is set twice"))
	}
	r.body.set = true
	contentType := ContentTypeJSON
	if def.Protobuf() && r.client.shared.protobuf {
		contentType = ContentTypeProtobuf
	}
	data, err := decode.Encode(def, contentType, o)
	if err != nil {
		return r.fail(err)
	}
	r.body.data = data
	return r.SetHeader("Content-Type", contentType)
}

// patchType sets the content type of a patch.
func (r *Request) patchType(t types.PatchType) *Request {
	return r.SetHeader("Content-Type", string(t))
}

// attach gives the body to a request of net/http.
func (b body) attach(req *http.Request) {
	switch {
	case b.reader != nil:
		req.Body = io.NopCloser(b.reader)
		req.ContentLength = -1
	case len(b.data) > 0:
		req.ContentLength = int64(len(b.data))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.data)), nil }
		req.Body, _ = req.GetBody()
	case b.once:
		req.Body = onceBody{}
	}
}

// size is the number of bytes sent, -1 if it is not known.
func (b body) size() int64 {
	if b.reader != nil {
		return -1
	}
	return int64(len(b.data))
}
