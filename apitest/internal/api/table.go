package api

import (
	"encoding/json"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// table makes a metav1.Table of objects.
func (q *request) table(objs []resource.Object, meta metav1.ListMeta) ([]byte, error) {
	t := &metav1.Table{ListMeta: meta, ColumnDefinitions: kinds.Columns(q.kind), Rows: make([]metav1.TableRow, 0, len(objs))}
	t.Kind, t.APIVersion = "Table", "meta.k8s.io/"+q.accept.Ver
	for _, obj := range objs {
		row := metav1.TableRow{Cells: kinds.Cells(q.kind, obj, time.Now())}
		if err := q.rowObject(&row, obj); err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, row)
	}
	return json.Marshal(t)
}

// rowObject puts into a row what the request asks for by includeObject: the metadata, unless it says otherwise.
func (q *request) rowObject(row *metav1.TableRow, obj resource.Object) (err error) {
	switch q.query.Get("includeObject") {
	case string(metav1.IncludeNone):
	case string(metav1.IncludeObject):
		row.Object.Raw, err = q.kind.EncodeJSON(obj)
	default:
		row.Object = runtime.RawExtension{Object: kinds.PartialMetadata(obj)}
		row.Object.Raw, err = json.Marshal(row.Object.Object)
	}
	return err
}

// tableOf returns a table of one version.
func (q *request) tableOf(v *history.Version) ([]byte, error) {
	obj, err := q.kind.Object(v)
	if err != nil {
		return nil, err
	}
	return q.table([]resource.Object{obj}, metav1.ListMeta{ResourceVersion: obj.GetResourceVersion()})
}

// tableOfBookmark returns a table without rows, at the bookmark's resourceVersion.
func (q *request) tableOfBookmark(obj resource.Object) ([]byte, error) {
	return q.table(nil, metav1.ListMeta{ResourceVersion: obj.GetResourceVersion()})
}

func (q *request) sendTable(versions []*history.Version, meta metav1.ListMeta) error {
	objs := make([]resource.Object, len(versions))
	for i, v := range versions {
		var err error
		if objs[i], err = q.kind.Object(v); err != nil {
			return err
		}
	}
	data, err := q.table(objs, meta)
	if err != nil {
		return err
	}
	q.sendBytes(http.StatusOK, wire.Envelope{}, data)
	return nil
}
