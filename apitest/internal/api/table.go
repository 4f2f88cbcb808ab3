package api

import (
	"encoding/json"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// table makes a metav1.Table of objects.
func (q *request) table(versions []*history.Version, meta metav1.ListMeta) ([]byte, error) {
	t := q.emptyTable(q.kind, meta)
	t.Rows = make([]metav1.TableRow, 0, len(versions))
	for _, v := range versions {
		row, err := q.rowOf(v)
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, row)
	}
	return json.Marshal(t)
}

func (q *request) emptyTable(k *kinds.Kind, meta metav1.ListMeta) *metav1.Table {
	t := &metav1.Table{ListMeta: meta, ColumnDefinitions: kinds.Columns(k), Rows: []metav1.TableRow{}}
	t.Kind, t.APIVersion = "Table", "meta.k8s.io/"+q.accept.Ver
	return t
}

func (q *request) rowOf(v *history.Version) (metav1.TableRow, error) {
	shown := q.kind
	if shown.Custom() == nil {
		shown = shown.Storage
	}
	obj, err := shown.Object(v)
	if err != nil {
		return metav1.TableRow{}, err
	}
	return q.row(q.kind, obj, func() ([]byte, error) { return q.kind.JSON(v) })
}

// row is an object's row. It has with it what the request asks for by includeObject: the metadata, unless it says otherwise.
func (q *request) row(k *kinds.Kind, obj resource.Object, whole func() ([]byte, error)) (row metav1.TableRow, err error) {
	row.Cells = kinds.Cells(k, obj, time.Now())
	switch q.query.Get("includeObject") {
	case string(metav1.IncludeNone):
	case string(metav1.IncludeObject):
		row.Object.Raw, err = whole()
	default:
		row.Object = runtime.RawExtension{Object: kinds.PartialMetadata(obj)}
		row.Object.Raw, err = json.Marshal(row.Object.Object)
	}
	return row, err
}

// tableOfObject returns a table of one object of a kind other than the resource's.
func (q *request) tableOfObject(k *kinds.Kind, obj resource.Object) ([]byte, error) {
	row, err := q.row(k, obj, func() ([]byte, error) { return k.EncodeJSON(obj) })
	if err != nil {
		return nil, err
	}
	t := q.emptyTable(k, metav1.ListMeta{ResourceVersion: obj.GetResourceVersion()})
	t.Rows = append(t.Rows, row)
	return json.Marshal(t)
}

// tableOf returns a table of one version, which has no revision if it is not stored.
func (q *request) tableOf(v *history.Version) ([]byte, error) {
	var meta metav1.ListMeta
	if v.Revision != 0 {
		meta.ResourceVersion = objects.Revision(v.Revision)
	}
	return q.table([]*history.Version{v}, meta)
}

// tableOfBookmark returns a table without rows, at the bookmark's resourceVersion.
func (q *request) tableOfBookmark(obj resource.Object) ([]byte, error) {
	return q.table(nil, metav1.ListMeta{ResourceVersion: obj.GetResourceVersion()})
}

func (q *request) sendTable(versions []*history.Version, meta metav1.ListMeta) error {
	data, err := q.table(versions, meta)
	if err != nil {
		return err
	}
	q.sendBytes(http.StatusOK, wire.Envelope{}, data)
	return nil
}
