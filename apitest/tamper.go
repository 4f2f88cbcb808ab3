package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/apitest/internal/api"
	"github.com/sheaf-dev/sheaf/apitest/internal/history"
	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// eachFrame is an action on each event of a watch.
func eachFrame(take func(f api.Frame) []api.Frame) Action {
	return Action{frames: func(<-chan struct{}) func(api.Frame) ([]api.Frame, api.End) {
		return func(f api.Frame) ([]api.Frame, api.End) { return take(f), nil }
	}}
}

func isBookmark(f api.Frame) bool { return f.Type == string(watch.Bookmark) }

// NoBookmarks lets a watch send no bookmarks, not even the one that ends the initial events of a watch-list.
func NoBookmarks() Action {
	return eachFrame(func(f api.Frame) []api.Frame {
		if isBookmark(f) {
			return nil
		}
		return []api.Frame{f}
	})
}

// NoInitialEventsEnd lets a watch-list send no bookmark that ends its initial events; others are sent.
func NoInitialEventsEnd() Action {
	return eachFrame(func(f api.Frame) []api.Frame {
		if f.InitialEnd {
			return nil
		}
		return []api.Frame{f}
	})
}

// RepeatBookmarks sends each bookmark n times more.
func RepeatBookmarks(n int) Action {
	return eachFrame(func(f api.Frame) []api.Frame {
		if isBookmark(f) {
			return slices.Repeat([]api.Frame{f}, n+1)
		}
		return []api.Frame{f}
	})
}

// StaleBookmarks sends after each bookmark the one before it again, with its lower resourceVersion.
func StaleBookmarks() Action {
	return Action{frames: func(<-chan struct{}) func(api.Frame) ([]api.Frame, api.End) {
		var before uint64
		return func(f api.Frame) ([]api.Frame, api.End) {
			if !isBookmark(f) {
				return []api.Frame{f}, nil
			}
			frames := []api.Frame{f}
			if before > 0 {
				stale := f
				stale.Revision, stale.InitialEnd = before, false
				frames = append(frames, stale)
			}
			before = f.Revision
			return frames, nil
		}
	}}
}

// DelayEvents holds each event of a watch back for a while.
func DelayEvents(d time.Duration) Action {
	return Action{frames: func(done <-chan struct{}) func(api.Frame) ([]api.Frame, api.End) {
		return func(f api.Frame) ([]api.Frame, api.End) {
			pause(done, d)
			return []api.Frame{f}, nil
		}
	}}
}

// Undecodable sends the objects of these keys so that their metadata can be read and the rest of them cannot, in whatever answer the
// fault hits: by list, watch and get, in JSON and protobuf.
func Undecodable(keys ...resource.Key) Action {
	return UndecodableIf(func(o resource.Object) bool { return slices.Contains(keys, resource.KeyOf(o)) })
}

// UndecodableIf is Undecodable for the objects of which a function says so, be they stored as that or deleted. The function gets a copy
// of the Go type that the server has for the resource, unstructured for custom resources, and must not call the server.
func UndecodableIf(broken func(o resource.Object) bool) Action {
	return corrupting(broken, withoutBody)
}

// NamelessIf sends the objects of which a function says so in such a way that not even their names can be read; else like UndecodableIf.
func NamelessIf(broken func(o resource.Object) bool) Action {
	return corrupting(broken, withoutMetadata)
}

// corrupting is an action that sends some objects otherwise than they are.
func corrupting(broken func(o resource.Object) bool, corrupt func(wire.Format, []byte) []byte) Action {
	return Action{object: func(k *kinds.Kind, v *history.Version, format wire.Format, data []byte) []byte {
		o, err := k.Object(v)
		if err != nil || !broken(o) {
			return data
		}
		return corrupt(format, data)
	}}
}

// withoutBody breaks all of an object but its metadata.
func withoutBody(format wire.Format, data []byte) []byte {
	if format == wire.Protobuf {
		// A second field that claims to be longer than what follows.
		return append(bytes.Clone(data), 2<<3|2, 0x7f)
	}
	var known struct {
		Kind       string          `json:"kind"`
		APIVersion string          `json:"apiVersion"`
		Metadata   json.RawMessage `json:"metadata"`
		Spec       int             `json:"spec"`
		Status     int             `json:"status"`
		Data       int             `json:"data"`
	}
	var identity struct {
		Kind       *string          `json:"kind"`
		APIVersion *string          `json:"apiVersion"`
		Metadata   *json.RawMessage `json:"metadata"`
	}
	identity.Kind, identity.APIVersion, identity.Metadata = &known.Kind, &known.APIVersion, &known.Metadata
	if json.Unmarshal(data, &identity) != nil {
		return []byte(`0`)
	}
	known.Spec, known.Status, known.Data = 1, 1, 1 // numbers where objects should be
	broken, err := json.Marshal(known)
	if err != nil {
		return []byte(`0`)
	}
	return broken
}

// withoutMetadata breaks an object from its metadata on.
func withoutMetadata(format wire.Format, data []byte) []byte {
	if format == wire.Protobuf {
		return []byte{1<<3 | 2, 0x7f} // metadata that claims to be longer than what follows
	}
	apiVersion, kind, err := kinds.TypeOf(data)
	if err != nil {
		return []byte(`0`)
	}
	broken, err := json.Marshal(map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": 0})
	if err != nil {
		return []byte(`0`)
	}
	return broken
}

// Restart cuts all connections and forgets all past states, as a restarted server does, whose caches begin anew: whatever asks for an
// earlier resourceVersion is answered by 410 Expired.
func (s *Server) Restart() {
	s.history.Compact(0)
	s.conns.cutAll()
}

// RestoreTo brings back the state of an earlier resourceVersion and cuts all connections, as a server restarted on a restored backup does.
// Later changes get resourceVersions that were in use before. It fails if the history does not reach back so far.
func (s *Server) RestoreTo(resourceVersion string) error {
	revision, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err == nil {
		err = s.objects.Rollback(revision)
	}
	if err != nil {
		return fmt.Errorf("restore resourceVersion %s: %w", resourceVersion, err)
	}
	s.Restart()
	return nil
}
