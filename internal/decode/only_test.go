package decode

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/watch"
)

func TestWhatIsNotWantedIsSkippedUndecoded(t *testing.T) {
	list := podList(4)
	list.Items[1].Namespace, list.Items[3].Namespace = "other", "other"
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	shop := Only(func(id Identity) bool {
		if id.Key.Name == "" || id.UID != "u" || id.ResourceVersion != "7" {
			t.Errorf("asked about %+v", id)
		}
		return id.Key.Namespace == "shop"
	})
	for mediaType, body := range map[string][]byte{MediaTypeProtobuf: seal(t, "PodList", list), MediaTypeJSON: text} {
		var have []string
		meta, err := For(podDef, shop).List(mediaType, bytes.NewReader(body), nil, func(i Item) error {
			switch {
			case i.Skipped && (i.Object != nil || i.Err != nil || i.Size == 0):
				t.Errorf("%s: a skipped item has %+v", mediaType, i)
			case i.Skipped:
				have = append(have, "skipped")
			default:
				have = append(have, i.Object.GetName())
			}
			return nil
		})
		if want := []string{"web-0", "skipped", "web-2", "skipped"}; err != nil || !slices.Equal(have, want) || meta.ResourceVersion != "42" {
			t.Errorf("%s: have %v, %v", mediaType, have, err)
		}
	}
}

func TestSkippedEventsKeepTheirPlaceInTheStream(t *testing.T) {
	none := Only(func(Identity) bool { return false })
	for mediaType, stream := range map[string][]byte{MediaTypeProtobuf: protobufStream(t), MediaTypeJSON: []byte(jsonStream)} {
		events := For(podDef, none).Events(mediaType, bytes.NewReader(stream))
		for _, kind := range []watch.EventType{watch.Added, watch.Deleted} {
			e, err := events.Next()
			if err != nil || e.Type != kind || !e.Skipped || e.Object != nil || e.ResourceVersion != "7" || e.Size == 0 {
				t.Errorf("%s: have %+v, %v", mediaType, e, err)
			}
		}
		for _, kind := range []watch.EventType{watch.Bookmark, watch.Error} {
			if e, err := events.Next(); err != nil || e.Type != kind || e.Skipped {
				t.Errorf("%s: have %+v, %v", mediaType, e, err)
			}
		}
	}
}

func TestABrokenObjectIsSkippedAsFarAsItIsKnown(t *testing.T) {
	elsewhere := Only(func(id Identity) bool { return id.Key.Namespace == "shop" || id.UID == "" })
	for metadata, want := range map[string]bool{
		`{"namespace":"other","name":"a","uid":"1","resourceVersion":"9"}`: true,
		`{"namespace":"shop","name":"a","uid":"1","resourceVersion":"9"}`:  false,
		`{"namespace":"other","name":"a"}`:                                 false,
	} {
		object := `{"kind":"Pod","apiVersion":"v1","metadata":` + metadata + `,"spec":7}`
		for name, decoder := range map[string]*Decoder{"not decodable": For(podDef, elsewhere), "too large": For(podDef, elsewhere, Limit(len(object)+9))} {
			padded := strings.Replace(object, "7", strings.Repeat("7", 100), 1)
			if _, err := decoder.List(MediaTypeJSON, strings.NewReader(`{"items":[`+padded+`]}`), nil, func(i Item) error {
				if i.Skipped != want || i.Skipped == (i.Err != nil) || i.Size == 0 {
					t.Errorf("%s, %s: have %+v", name, metadata, i)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			e, err := decoder.Events(MediaTypeJSON, strings.NewReader(`{"type":"MODIFIED","object":`+padded+`}`)).Next()
			if err != nil || e.Skipped != want || e.Skipped == (e.Err != nil) || e.Size == 0 || want && e.ResourceVersion != "9" {
				t.Errorf("%s, %s: have %+v, %v", name, metadata, e, err)
			}
		}
	}
}

func TestAnObjectWithoutAReadableNameIsNotSkipped(t *testing.T) {
	none := Only(func(Identity) bool { return false })
	body := `{"items":[{"metadata":7}]}`
	_, err := For(podDef, none).List(MediaTypeJSON, bytes.NewReader([]byte(body)), nil, func(i Item) error {
		if i.Skipped || i.Err == nil {
			t.Errorf("have %+v", i)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
