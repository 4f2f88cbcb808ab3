package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
)

// freshWait is how long a request waits for a resourceVersion that has not been reached.
const freshWait = 3 * time.Second

// get answers with one object. A resourceVersion asks for a state not older than that.
func (q *request) get() error {
	revision, err := parseRevision(q.query.Get("resourceVersion"))
	if err != nil {
		return err
	}
	if err := q.waitFresh(revision); err != nil {
		return err
	}
	v := q.kind.Table.Get(history.KeyOf(q.Namespace, q.Name))
	if v == nil {
		return apierrors.NewNotFound(q.kind.GR(), q.Name)
	}
	return q.sendVersion(http.StatusOK, v)
}

// waitFresh waits a little for a revision, and fails if it is not reached.
func (q *request) waitFresh(revision uint64) error {
	h := q.api.objects.History
	if revision <= h.Revision() {
		return nil
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), freshWait)
	defer cancel()
	if h.WaitRevision(ctx, revision) == nil {
		return nil
	}
	return tooLarge(revision, h.Revision())
}

func tooLarge(revision, current uint64) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", revision, current), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}
	return err
}

// list answers with a collection or a page of it.
func (q *request) list() error {
	s, err := q.selection(false)
	if err != nil {
		return err
	}
	if q.accept.As == "PartialObjectMetadata" {
		return plainStatus(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable,
			"you requested PartialObjectMetadata, but the requested object is a list ("+q.internalType("List")+")")
	}
	page, token, err := q.page(s)
	if err != nil {
		return err
	}
	meta := metav1.ListMeta{ResourceVersion: objects.Revision(page.Revision), Continue: token}
	if token != "" && s.simple {
		remaining := int64(page.Remaining)
		meta.RemainingItemCount = &remaining
	}
	if s.shard != "" {
		meta.ShardInfo = &metav1.ShardInfo{Selector: s.shard}
	}
	return q.sendList(page.Versions, meta)
}

// page reads the page that the parameters ask for, and returns the token of the next one.
func (q *request) page(s *selection) (history.Page, string, error) {
	query := history.Query{Namespace: s.namespace, Limit: s.limit, Match: s.match, Count: s.simple}
	switch {
	case s.continueToken != "":
		if s.resourceVersion != "" && s.resourceVersion != "0" {
			return history.Page{}, "", errVersionAndToken
		}
		t, err := decodeToken(s.continueToken)
		if err != nil {
			return history.Page{}, "", err
		}
		query.From = t.StartKey
		if t.ResourceVersion > 0 {
			query.Revision = uint64(t.ResourceVersion)
		}
		if s.resourceVersion == "0" {
			query.Limit = 0
		}
	case s.versionMatch == metav1.ResourceVersionMatchExact || s.versionMatch == "" && s.limit > 0 && s.revision > 0:
		query.Revision = s.revision
	case s.resourceVersion == "0":
		query.Limit = 0 // served from a cache that knows no pages
	default:
		if err := q.waitFresh(s.revision); err != nil {
			return history.Page{}, "", err
		}
		if s.resourceVersion != "" && s.versionMatch == metav1.ResourceVersionMatchNotOlderThan && s.revision == 0 {
			query.Limit = 0
		}
	}
	page, err := q.kind.Table.Page(query)
	if err != nil {
		return page, "", q.pageError(err, query, s)
	}
	if page.Next == "" {
		return page, "", nil
	}
	return page, token{ResourceVersion: int64(page.Revision), StartKey: page.Next}.encode(), nil
}

// pageError explains why a revision cannot be read; an expired page says how to go on without consistency.
func (q *request) pageError(err error, query history.Query, s *selection) error {
	switch {
	case errors.Is(err, history.ErrFuture):
		return tooLarge(query.Revision, q.api.objects.History.Revision())
	case errors.Is(err, history.ErrCompacted) && s.continueToken != "":
		expired := apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. " +
			"You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of " +
			"the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted " +
			"between the time the first chunk was returned and now may show up in the list.")
		expired.ErrStatus.ListMeta.Continue = token{ResourceVersion: -1, StartKey: query.From}.encode()
		return expired
	case errors.Is(err, history.ErrCompacted):
		return apierrors.NewResourceExpired("The resourceVersion for the provided list is too old.")
	}
	return err
}

// sendList answers with a list made of what is already encoded.
func (q *request) sendList(versions []*history.Version, meta metav1.ListMeta) error {
	if q.accept.As == "Table" {
		return q.sendTable(versions, meta)
	}
	items := make([][]byte, len(versions))
	for i, v := range versions {
		var err error
		if items[i], err = q.bytesOf(v); err != nil {
			return err
		}
	}
	gvk := q.kind.ListGVK()
	if q.accept.As != "" {
		gvk = q.metadataListKind()
	}
	var b *body
	var err error
	if q.accept.Format == wire.Protobuf {
		b, err = protobufList(wire.NewEnvelope(gvk), items, meta)
	} else {
		b, err = q.jsonList(items, meta)
	}
	if err != nil {
		return err
	}
	q.api.send(q.w, q.r, http.StatusOK, q.accept.Format.MediaType(), b)
	return nil
}

// metadataListKind is the kind of a list of metadata, in the version that was asked for.
func (q *request) metadataListKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: metav1.GroupName, Version: q.accept.Ver, Kind: "PartialObjectMetadataList"}
}

func protobufList(envelope wire.Envelope, items [][]byte, meta metav1.ListMeta) (*body, error) {
	total := 0
	for _, item := range items {
		total += wire.ItemSize(len(item))
	}
	head, tail, err := envelope.ListHead(meta, total)
	if err != nil {
		return nil, err
	}
	b := &body{parts: make([][]byte, 0, 2*len(items)+2)}
	b.add(head)
	heads := make([]byte, 0, 6*len(items))
	for _, item := range items {
		start := len(heads)
		heads = wire.AppendItemHead(heads, len(item))
		b.add(heads[start:len(heads):len(heads)], item)
	}
	b.add(tail)
	return b, nil
}

var comma, openBrace = []byte{','}, []byte{'{'}

func (q *request) jsonList(items [][]byte, meta metav1.ListMeta) (*body, error) {
	gvk, prefix := q.kind.ListGVK(), []byte(nil)
	switch {
	case q.accept.As != "":
		gvk = q.metadataListKind()
	case q.kind.Typed():
		prefix = q.kind.TypePrefix()
	}
	var listMeta any = meta
	if q.accept.As == "" && !q.kind.Typed() {
		listMeta = wire.ListMetaWithContinue{Continue: meta.Continue, ListMeta: meta}
	}
	head, tail, err := wire.JSONListHead(gvk, listMeta)
	if err != nil {
		return nil, err
	}
	b := &body{parts: make([][]byte, 0, 3*len(items)+2)}
	b.add(head)
	for i, item := range items {
		if i > 0 {
			b.add(comma)
		}
		if prefix != nil && bytes.HasPrefix(item, prefix) {
			b.add(openBrace, item[len(prefix):])
		} else {
			b.add(item)
		}
	}
	b.add(tail)
	if q.accept.Format == wire.YAML || q.pretty() {
		return q.readable(b)
	}
	return b, nil
}

// readable turns a JSON body into YAML or indents it.
func (q *request) readable(b *body) (*body, error) {
	data := bytes.Join(b.parts, nil)
	if q.accept.Format == wire.YAML {
		var err error
		if data, err = wire.Transcode(wire.YAML, data); err != nil {
			return nil, err
		}
	} else {
		data = indent(data)
	}
	out := &body{}
	out.add(data)
	return out, nil
}
