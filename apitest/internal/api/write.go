package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1beta1 "k8s.io/apimachinery/pkg/apis/meta/v1beta1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// gzipFrom is the body length from which responses are compressed.
const gzipFrom = 128 << 10

var statusEnvelope = wire.NewEnvelope(schema.GroupVersionKind{Version: "v1", Kind: "Status"})
var metadataEnvelopes = map[string]wire.Envelope{
	"v1":      wire.NewEnvelope(metav1.SchemeGroupVersion.WithKind("PartialObjectMetadata")),
	"v1beta1": wire.NewEnvelope(metav1beta1.SchemeGroupVersion.WithKind("PartialObjectMetadata")),
}

// body is a response body in parts, none of which is copied.
type body struct {
	parts [][]byte
	size  int
}

func (b *body) add(parts ...[]byte) {
	for _, p := range parts {
		b.parts = append(b.parts, p)
		b.size += len(p)
	}
}

// send writes a response. The error of a client that has gone away is of no use to anybody.
func (a *API) send(w http.ResponseWriter, r *http.Request, code int, mediaType string, b *body) {
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Cache-Control", "no-cache, private")
	if b.size >= gzipFrom && !a.options.NoCompression && acceptsGzip(r) {
		header.Set("Content-Encoding", "gzip")
		header.Add("Vary", "Accept-Encoding")
		w.WriteHeader(code)
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		b.writeTo(z)
		_ = z.Close()
		return
	}
	header.Set("Content-Length", strconv.Itoa(b.size))
	w.WriteHeader(code)
	b.writeTo(w)
}

// writeTo gathers small parts, so that a list of many items is not written in as many calls.
func (b *body) writeTo(w io.Writer) {
	const gather = 64 << 10
	buffer := make([]byte, 0, min(b.size, 2*gather))
	for _, p := range b.parts {
		if len(buffer)+len(p) > cap(buffer) {
			if _, err := w.Write(buffer); err != nil {
				return
			}
			buffer = buffer[:0]
		}
		if len(p) > gather {
			if _, err := w.Write(p); err != nil {
				return
			}
			continue
		}
		buffer = append(buffer, p...)
	}
	_, _ = w.Write(buffer)
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" {
			return true
		}
	}
	return false
}

// bytesOf returns one version as the request wants it: what goes into watch frames too. It is a protobuf message without its
// envelope, or JSON.
func (q *request) bytesOf(v *history.Version) ([]byte, error) {
	data, err := q.trueBytesOf(v)
	if err != nil || len(q.tampers) == 0 {
		return data, err
	}
	for _, t := range q.tampers {
		if t.Object != nil {
			data = t.Object(q.kind, v, q.accept.Format, data)
		}
	}
	return data, nil
}

func (q *request) trueBytesOf(v *history.Version) ([]byte, error) {
	switch {
	case q.accept.As == "PartialObjectMetadata" || q.accept.As == "PartialObjectMetadataList":
		data, err := q.kind.Metadata(v, q.accept.Format)
		if q.accept.Ver == "v1" || q.accept.Format == wire.Protobuf { // the message is the same in all versions
			return data, err
		}
		return bytes.Replace(data, []byte(`"meta.k8s.io/v1"`), []byte(`"meta.k8s.io/`+q.accept.Ver+`"`), 1), err
	case q.accept.As == "Table":
		return q.tableOf(v)
	case q.accept.Format == wire.Protobuf:
		return q.kind.Protobuf(v)
	}
	return q.kind.JSON(v)
}

func (q *request) envelope() wire.Envelope {
	if q.accept.As != "" {
		return metadataEnvelopes[q.accept.Ver]
	}
	return q.kind.Envelope()
}

// bytesOfObject is bytesOf for an object that is not stored.
func (q *request) bytesOfObject(obj resource.Object) ([]byte, error) {
	switch {
	case q.accept.As == "Table":
		return q.tableOfBookmark(obj)
	case q.accept.As != "" && q.accept.Format == wire.Protobuf:
		return kinds.PartialMetadata(obj).Marshal()
	case q.accept.As != "":
		return json.Marshal(kinds.PartialMetadata(obj))
	case q.accept.Format == wire.Protobuf:
		return q.kind.Encode(obj)
	}
	return q.kind.EncodeJSON(obj)
}

func encodeStatus(status *metav1.Status, format wire.Format) ([]byte, error) {
	if format == wire.Protobuf {
		return status.Marshal()
	}
	return json.Marshal(status)
}

// sendVersion answers with one object.
func (q *request) sendVersion(code int, v *history.Version) error {
	if q.accept.As == "PartialObjectMetadataList" {
		return plainStatus(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable,
			"you requested PartialObjectMetadataList, but the requested object is not a list ("+q.internalType("")+")")
	}
	data, err := q.bytesOf(v)
	if err != nil {
		return err
	}
	for _, text := range q.advice {
		q.warn(text)
	}
	q.sendBytes(code, q.envelope(), data)
	return nil
}

// internalType is the name that the real server's code gives to the objects, which some of its errors mention.
func (q *request) internalType(suffix string) string {
	if !q.kind.Typed() {
		return "*unstructured.Unstructured" + suffix
	}
	group, _, _ := strings.Cut(q.kind.GVR().Group, ".")
	if group == "" {
		group = "core"
	}
	return "*" + group + "." + q.kind.GVK().Kind + suffix
}

// sendBytes answers with JSON or a protobuf message.
func (q *request) sendBytes(code int, envelope wire.Envelope, data []byte) {
	var b body
	switch q.accept.Format {
	case wire.Protobuf:
		b.add(envelope.AppendHead(nil, len(data)), data, envelope.AppendTail(nil))
	case wire.YAML:
		data, _ = wire.Transcode(wire.YAML, data) // JSON that was just made is YAML
		b.add(data)
	default:
		if q.pretty() {
			b.add(indent(data))
			break
		}
		b.add(data, newline)
	}
	q.api.send(q.w, q.r, code, q.accept.Format.MediaType(), &b)
}

var newline = []byte{'\n'}

// sendStatus answers with a metav1.Status. The one of a success has no code of its own.
func (q *request) sendStatus(code int, status *metav1.Status) {
	if q.accept.As != "" {
		q.accept = untransformed(q.r)
	}
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		q.w.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	data, err := encodeStatus(status, q.accept.Format)
	if err != nil {
		http.Error(q.w, err.Error(), http.StatusInternalServerError)
		return
	}
	q.sendBytes(code, statusEnvelope, data)
}

// fail answers with an error.
func (q *request) fail(err error) {
	if errors.Is(err, errNoPath) {
		noPath(q.w)
		return
	}
	status := statusOf(err)
	q.sendStatus(int(status.Code), status)
}

func noPath(w http.ResponseWriter) { http.Error(w, errNoPath.Error(), http.StatusNotFound) }

// statusOf returns the metav1.Status of an error; an error that carries none is the server's own.
func statusOf(err error) *metav1.Status {
	var carrier apierrors.APIStatus
	if !errors.As(err, &carrier) {
		return &metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error()}
	}
	status := carrier.Status()
	status.Status = metav1.StatusFailure
	if status.Code == 0 {
		status.Code = http.StatusInternalServerError
	}
	return &status
}

// SendError answers a request with an error, in the format that it accepts.
func (a *API) SendError(w http.ResponseWriter, r *http.Request, err error) {
	q := &request{api: a, w: w, r: r, accept: untransformed(r)}
	q.fail(err)
}

// untransformed is how a request wants what is not transformed as the objects are, such as errors; JSON if it does not say.
func untransformed(r *http.Request) wire.Accept {
	accept, _ := wire.Negotiate(r.Header.Get("Accept"), func(a wire.Accept) bool { return a.As == "" })
	return accept
}
