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
	t := &metav1.Table{ListMeta: meta, ColumnDefinitions: kinds.Columns(q.kind), Rows: make([]metav1.TableRow, 0, len(versions))}
	t.Kind, t.APIVersion = "Table", "meta.k8s.io/"+q.accept.Ver
	for _, v := range versions {
		row, err := q.row(v)
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, row)
	}
	return json.Marshal(t)
}

// row is an object's row. It has with it what the request asks for by includeObject: the metadata, unless it says otherwise.
func (q *request) row(v *history.Version) (row metav1.TableRow, err error) {
	shown := q.kind
	if shown.Custom() == nil {
		shown = shown.Storage
	}
	obj, err := shown.Object(v)
	if err != nil {
		return row, err
	}
	row.Cells = kinds.Cells(q.kind, obj, time.Now())
	switch q.query.Get("includeObject") {
	case string(metav1.IncludeNone):
	case string(metav1.IncludeObject):
		row.Object.Raw, err = q.kind.JSON(v)
	default:
		row.Object = runtime.RawExtension{Object: kinds.PartialMetadata(obj)}
		row.Object.Raw, err = json.Marshal(row.Object.Object)
	}
	return row, err
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
